#!/usr/bin/env bash
# `semel uniq` beside `gawk '!seen[$0]++'`, and DuckDB where Python has it: wall time, CPU time and
# most memory, medians of interleaved runs on one file of 190-byte lines, 30 % of them copies.
#
#   benchmarks/uniq.sh [million lines: 20] [rounds: 3]
#
# SEMEL and PYTHON name other programs than build/semel and python3. The file and what the programs
# write lie in build/uniq_bench: 10 GB at full size; the file stays, for the next time.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly millions=${1:-20} rounds=${2:-3}
readonly semel=${SEMEL:-$root/build/semel} python=${PYTHON:-python3}
readonly dir=$root/build/uniq_bench
readonly lines=$dir/lines.$millions

for program in gawk /usr/bin/time "$semel"; do
  command -v "$program" >/dev/null || { echo "uniq.sh: there is no $program" >&2; exit 2; }
done

# Line n is new, or with a chance of 30 % a copy of one of the new lines before, each as likely.
generate() {
  gawk -v count="$((millions * 1000000))" '
    function random() { state = state * 16807 % 2147483647; return state / 2147483647 }
    BEGIN {
      state = 20231123
      filler = sprintf("%200s", ""); gsub(/ /, "the quick brown fox ", filler)
      for (n = 0; n < count; ++n) {
        id = (n > 0 && random() < 0.3) ? int(random() * fresh) : fresh++
        line = sprintf("{\"event_id\":\"%08x-%06x\",\"user\":%d,\"amount\":%d.%02d,\"text\":\"", id * 2654435761 % 4294967296, id % 16777213, id % 77777, id % 991, id % 100)
        print line substr(filler, 1 + id % 1000, 187 - length(line)) "\"}"
      }
    }'
}

run_gawk() { gawk '!seen[$0]++' "$lines"; }
run_semel() { "$semel" uniq "$lines"; }
# Unordered, and not checked: it is the fastest thing that DuckDB can be asked for.
run_duckdb() {
  "$python" -c '
import duckdb, sys
duckdb.sql("copy (select distinct line from read_csv(?, header=false, delim=chr(1), quote=chr(2), escape=chr(2), columns={\"line\": \"VARCHAR\"})) to \"/dev/stdout\" (header false, delimiter chr(1), quote chr(2), escape chr(2))", params=[sys.argv[1]])
' "$lines"
}
export -f run_gawk run_semel run_duckdb
export lines semel python

# measure NAME: appends "wall user system KB" to the results of NAME.
measure() {
  /usr/bin/time -a -o "$dir/$1.results" -f '%e %U %S %M' bash -c "run_$1" >"$dir/$1.out"
  sync -f "$dir"
}

# median COLUMNS FILE: of the sum of the columns.
median() { awk -v columns="$1" '{ n = split(columns, c, "+"); s = 0; for (i = 1; i <= n; ++i) s += $c[i]; print s }' "$2" | sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

mkdir -p "$dir"
if [[ ! -e $lines ]]; then
  echo "generating $lines" >&2
  generate >"$lines.new"
  mv "$lines.new" "$lines"
fi
programs=(gawk semel)
if "$python" -c 'import duckdb' 2>/dev/null; then
  programs+=(duckdb)
else
  echo "$python has no duckdb (pip install duckdb): without it" >&2
fi
for program in "${programs[@]}"; do rm -f "$dir/$program.results"; done

cat "$lines" >/dev/null # into the page cache, as far as it fits
echo "load before: $(cut -d' ' -f1-3 /proc/loadavg), cores: $(nproc)"
for ((round = 1; round <= rounds; ++round)); do
  for program in "${programs[@]}"; do measure "$program"; done
  cmp "$dir/gawk.out" "$dir/semel.out"
done

new=$(wc -l <"$dir/semel.out")
printf '%s million lines, %s different; medians of %s\n' "$millions" "$new" "$rounds"
printf '%-8s %10s %10s %10s %16s\n' program 'wall s' 'CPU s' 'MB' 'bytes/different'
for program in "${programs[@]}"; do
  kb=$(median 4 "$dir/$program.results")
  printf '%-8s %10.2f %10.2f %10.0f %16.1f\n' "$program" "$(median 1 "$dir/$program.results")" \
    "$(median 2+3 "$dir/$program.results")" "$((kb / 1024))" "$(awk -v kb="$kb" -v n="$new" 'BEGIN { print kb * 1024 / n }')"
done
for program in "${programs[@]}"; do
  [[ $program == semel ]] || awk -v other="$(median 1 "$dir/$program.results")" -v ours="$(median 1 "$dir/semel.results")" \
    -v name="$program" 'BEGIN { printf "semel uniq is %.1f times as fast as %s\n", other / ours, name }'
done
rm -f "$dir"/*.out
