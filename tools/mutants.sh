# shellcheck shell=bash disable=SC2154  # $root, $build, $jobs and $unrandomised come from ./dev
# Breaks of the product that the tests must notice: docs/mutants.md. Sourced by ./dev.
#
#   tests/mutants/NAME.patch     what is broken; its first line says so
#   build/mutants/tree           a copy of the sources, built once; each patch is applied to it and taken back
#   build/mutants/NAME.log       what its build and tests said
#   build/mutants.json           the result

readonly mutant_tree=$build/mutants/tree
readonly mutant_seeds=300
readonly mutant_seeds_at_once=50

# Only what differs is written, so that only that is compiled again. Takes back what an interrupted run left, too.
copy_sources() {
  local sums=$build/mutants/sums
  mkdir -p "$mutant_tree"
  find . \( -path ./build -o -path ./.git \) -prune -o -type f -exec sha256sum {} + >"$sums"
  { cd "$mutant_tree" && sha256sum --check --quiet "$sums" 2>/dev/null || true; } |
    sed 's/: FAILED.*//' | xargs -r -d '\n' cp --parents -t "$mutant_tree"
}

# Git takes a folder within another repository for a part of that, and leaves the patch out without a word.
apply_to_copy() { (cd "$mutant_tree" && GIT_CEILING_DIRECTORIES=${mutant_tree%/*} git apply "$@"); }

build_copy() { "${unrandomised[@]}" cmake --build "$mutant_tree/build/release" -j "$jobs" --target "$@"; }

# run_built FOLDER: the unit tests of tests/FOLDER that were built since the last call; until one fails, and fails again.
run_built() {
  local built=$mutant_tree/build/release stamp=$build/mutants/built names
  names=$(find "$built/tests/$1" -name '*_test' -type f -executable -newer "$stamp" -printf '%f\n' | paste -sd'|')
  touch "$stamp"
  [[ ! $names ]] || GTEST_FAIL_FAST=1 "${unrandomised[@]}" ctest --test-dir "$built" -R "^($names)\$" --no-tests=error -j "$jobs" --repeat until-pass:2 \
    --stop-on-failure --output-on-failure
}

# failed_unit_test LOG: program and test; a test that did not come back broke its program.
failed_unit_test() {
  awk 'match($0, /Test +#[0-9]+: [^ ]+/) && /\*\*\*/ { program = substr($0, RSTART, RLENGTH); sub(/.* /, "", program) }
       $1 == "[" && $3 == "]" && $2 == "RUN" { running = $4 }
       $1 == "[" && $3 == "]" && $2 == "OK" { running = "" }
       $1 == "[" && $3 == "]" && $2 == "FAILED" && !failed { failed = $4 }
       END { sub(/,$/, "", failed); print program, failed ? failed : running }' "$1"
}

# try_simulation LOG: a few seeds at a time, until one ends with a violation; prints what.
try_simulation() {
  local from
  for ((from = 1; from <= mutant_seeds; from += mutant_seeds_at_once)); do
    timeout 600 "$mutant_tree/build/release/tests/simulation/simulate" --jobs "$jobs" \
      --seeds "$from..$((from + mutant_seeds_at_once - 1))" >>"$1" 2>&1 && continue
    echo "simulate: $(sed -n '/^seed /{s/://;N;s/\n */, /;s/:.*//;p;q}' "$1" | grep . || echo "broken off at the seeds from $from on")"
    return
  done
}

# try_integration LOG PYTEST ARGS: on a cluster of its own; prints what failed.
try_integration() {
  local log=$1
  shift
  SEMEL_BIN=$mutant_tree/build/release/apps/semel/semel SEMEL_EXAMPLES=$mutant_tree/build/release/examples \
    pytest_on_cluster "${SEMEL_CLUSTER_DIR:-build/mutants/cluster}" -x "$@" >>"$log" 2>&1 ||
    sed -n 's/^FAILED \([^ ]*\).*/\1/p' "$log" | head -n 1 | grep . || echo 'DOES NOT RUN'
}

# try_all LAYER LOG: the unit tests of the layer that was broken, those of all others, and the simulation; prints what failed.
try_all() {
  local layer=$1 log=$2
  if [[ $layer ]]; then
    build_copy "tests/unit/$layer/all" >>"$log" 2>&1 || { echo 'DOES NOT BUILD' && return; }
    run_built "unit/$layer" >>"$log" 2>&1 || { failed_unit_test "$log" && return; }
  fi
  build_copy unit_tests simulate >>"$log" 2>&1 || { echo 'DOES NOT BUILD' && return; }
  run_built . >>"$log" 2>&1 || { failed_unit_test "$log" && return; }
  try_simulation "$log"
}

# try_mutant NAME: prints a line, and the same for the JSON to descriptor 4. Fails when nothing notices it.
try_mutant() {
  local name=$1 patch=$root/tests/mutants/$1.patch log=$build/mutants/$1.log layer integration by outcome=killed began=$SECONDS
  layer=$(sed -n 's,^+++ b/src/\([^/]*\)/.*,\1,p' "$patch" | head -n 1)
  integration=$(sed -n 's/^# integration: //p' "$patch")
  if ! apply_to_copy "$patch" 2>"$log"; then
    by='DOES NOT APPLY'
  elif [[ $integration ]]; then
    build_copy semel >>"$log" 2>&1 || by='DOES NOT BUILD'
    # shellcheck disable=SC2086  # several arguments
    [[ ${by-} ]] || by=$(try_integration "$log" $integration)
  else
    by=$(try_all "$layer" "$log")
  fi
  [[ $by == 'DOES NOT APPLY' ]] || apply_to_copy -R "$patch"
  case $by in
    '') outcome=SURVIVED ;;
    'DOES NOT '*) outcome=$by by='' ;;
  esac
  printf '%-40s %-8s %4d s  %s\n' "$name" "$outcome" $((SECONDS - began)) "$by"
  printf '  {"name": "%s", "breaks": "%s", "outcome": "%s", "by": "%s", "seconds": %d}' \
    "$name" "$(sed -n '1s/^# //p' "$patch" | sed 's/[\"]/\\&/g')" "$outcome" "$by" $((SECONDS - began)) >&4
  [[ $outcome == killed ]]
}

# Those of one file behind each other: less to build in between.
all_mutants() { awk '/^\+\+\+ / { sub(/.*\//, "", FILENAME); sub(/\.patch$/, "", FILENAME); print $2, FILENAME; nextfile }' tests/mutants/*.patch | sort | cut -d' ' -f2; }

# mutants [NAME...]: all of them, after the tests were seen to pass without one; or some.
mutants() {
  local names=("$@") name by failed=() separator=''
  ((${#names[@]})) || mapfile -t names < <(all_mutants)
  for name in "${names[@]}"; do [[ -f tests/mutants/$name.patch ]] || fail "no such mutant: $name"; done
  require build unit kafka integration
  copy_sources
  touch -d @0 "$build/mutants/built"
  (cd "$mutant_tree" && build_preset release --target unit_tests simulate)
  if (($#)); then
    touch "$build/mutants/built"
  else
    by=$(try_all '' "$build/mutants/unbroken.log")
    [[ ! $by ]] || fail "the tests do not pass without a mutant: $by; see build/mutants/unbroken.log"
  fi
  exec 4>"$build/mutants/json"
  printf '{"commit": "%s", "date": "%s", "mutants": [' "$(git describe --always --dirty)" "$(date -I)" >&4
  for name in "${names[@]}"; do
    printf '%s\n' "$separator" >&4
    separator=,
    try_mutant "$name" || failed+=("$name")
  done
  printf '\n]}\n' >&4
  mv "$build/mutants/json" "$build/mutants.json"
  echo "$((${#names[@]} - ${#failed[@]})) of ${#names[@]} killed in $SECONDS s"
  ((${#failed[@]} == 0)) || fail "not killed: ${failed[*]}"
}
