# shellcheck shell=bash disable=SC2154  # $root and $build come from ./dev
# The fuzzers of fuzz/, driven by libFuzzer under AddressSanitizer and UBSan. Sourced by ./dev.
#
#   build/fuzz/NAME/{corpus,log}    what a run found that is new, and what libFuzzer said
#   build/fuzz/NAME/crash-...       an input that breaks the property

# cpu_seconds PID: so far; fails when it has ended.
cpu_seconds() {
  local fields
  read -r -a fields < <(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) || return
  echo $(((fields[11] + fields[12]) / $(getconf CLK_TCK)))
  [[ ${fields[0]} != Z ]]
}

# fuzz_one NAME SECONDS: so much CPU time, however busy the machine is. Prints a line of figures.
fuzz_one() {
  local name=$1 seconds=$2 home=$build/fuzz/$1 pid scratch status=0 used=0 now runs covered
  mkdir -p "$home/corpus"
  rm -f "$home"/{crash,leak,oom,timeout,slow-unit}-*
  scratch=$(mktemp -d -p /dev/shm)  # it syncs what it writes
  TMPDIR=$scratch UBSAN_OPTIONS=print_stacktrace=1 "${unrandomised[@]}" nice -n 19 "$build/asan/fuzz/fuzz_$name" \
    -artifact_prefix="$home/" -print_final_stats=1 -timeout=60 "$home/corpus" "$root/fuzz/corpus/$name" >"$home/log" 2>&1 &
  pid=$!
  while ((used < seconds)) && now=$(cpu_seconds "$pid"); do
    used=$now
    sleep 1
  done
  kill -USR1 "$pid" 2>/dev/null || true  # libFuzzer ends at its next step
  wait "$pid" || status=$?
  rm -rf "$scratch"
  runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$home/log")
  covered=$(sed -n 's/^#.* cov: \([0-9]*\) ft: \([0-9]*\) corp: \([0-9]*\).*/\1 edges, \2 features, corpus of \3/p' "$home/log" | tail -n 1)
  printf '%-16s %5d s CPU: %s runs, %s; ' "$name" "$used" "$runs" "$covered"
  if ((status)); then
    echo "FAILED; see ${home#"$root"/}"
    return 1
  fi
  echo 'nothing found'
}

# fuzz [NAME...] [--minutes N]: N minutes of CPU time for each.
fuzz() {
  local names=() minutes=1 name failed=()
  while (($#)); do
    case $1 in
      --minutes)
        minutes=${2-}
        shift $(($# > 1))
        ;;
      *) names+=("$1") ;;
    esac
    shift
  done
  [[ $minutes =~ ^[1-9][0-9]*$ ]] || fail 'usage: ./dev fuzz [NAME...] [--minutes N]'
  if ((${#names[@]} == 0)); then mapfile -t names < <(ls fuzz/corpus); fi
  for name in "${names[@]}"; do
    [[ -d fuzz/corpus/$name ]] || fail "no such fuzzer: $name; there are: $(ls fuzz/corpus | paste -sd' ')"
  done
  require build clang
  build_preset asan --target "${names[@]/#/fuzz_}"
  for name in "${names[@]}"; do fuzz_one "$name" $((minutes * 60)) || failed+=("$name"); done
  ((${#failed[@]} == 0))
}
