# shellcheck shell=bash disable=SC2154  # $root and $build come from ./dev
# Building, testing, formatting. Sourced by ./dev.

jobs=${SEMEL_JOBS:-$(nproc)}
readonly jobs
readonly stages=(format unit simulate install asan tsan integration chaos)
readonly tree=${SEMEL_LIBRDKAFKA:-release}  # `newest` is built with another librdkafka: tools/librdkafka.sh

# The sanitizers of LLVM 16 need memory where newer kernels, with more address bits to randomise, may put a library.
# Randomisation is switched off where that is permitted; the tests also run during the build (to list themselves).
unrandomised=()
if setarch "$(uname -m)" -R true 2>/dev/null; then unrandomised=(setarch "$(uname -m)" -R); fi
readonly unrandomised

# build_preset PRESET [NINJA ARGS]: standard output stays free for results.
build_preset() {
  local preset=$1
  shift
  {
    cmake --preset "$preset"
    "${unrandomised[@]}" cmake --build --preset "$preset" -j "$jobs" "$@"
  } >&2
}

# build_release [NINJA ARGS]: everything, or what they say.
build_release() {
  require build
  if [[ $tree == newest ]]; then build_newest_librdkafka; fi
  build_preset "$tree" "$@"
  if [[ $tree == release ]]; then ln -sfn release/apps/semel/semel "$build/semel"; fi
}

# run_ctest PRESET LABEL: a label without tests is an error, or nothing would be noticed to be missing.
run_ctest() { "${unrandomised[@]}" ctest --preset "$1" -L "$2" --no-tests=error -j "$jobs"; }

cxx_sources() {
  local folders=() folder
  for folder in include src apps tests benchmarks fuzz examples; do
    if [[ -d $folder ]]; then folders+=("$folder"); fi
  done
  find "${folders[@]}" \( -name '*.h' -o -name '*.cc' \) -print0
}

format() {
  require format
  cxx_sources | xargs -0 -r clang-format-16 -i
}

lint() {
  require build clang lint
  cmake --preset dev >&2
  run-clang-tidy-16 -quiet -p "$build/dev" -j "$jobs" "$root/(src|apps|tests|benchmarks|fuzz|examples)/"
}

stage_format() {
  require format
  cxx_sources | xargs -0 -r clang-format-16 --dry-run -Werror || fail 'not formatted; ./dev format does it'
}

stage_unit() {
  require unit
  build_release
  run_ctest "$tree" unit
}

# simulate [ARGS]: of the program; its summary is kept where seeds are run. Long runs begin with seeds that no other had.
simulate() {
  require build
  build_preset release --target simulate
  local args=("$@")
  if [[ " $* " == *' --hours '* && " $* " != *' --seeds '* ]]; then args+=(--seeds "$(date +%s)000..9999999999999"); fi
  if [[ " $* " != *' --seed '* ]]; then args+=(--jobs "$jobs" --summary "$build/simulate.json"); fi
  build/release/tests/simulation/simulate "${args[@]}"
}

# stage_simulate [SEEDS]: COUNT or FROM..TO.
stage_simulate() { simulate --seeds "${1:-2000}"; }

# An outside project uses what was installed.
stage_install() {
  require build clang
  build_release
  tests/install/test.sh "$build/$tree"
}

stage_asan() {
  require build clang unit
  build_preset asan --target unit_tests
  export UBSAN_OPTIONS=print_stacktrace=1
  run_ctest asan unit
}

stage_tsan() {
  require build clang unit
  build_preset tsan --target threads_tests
  run_ctest tsan threads
}

# on_cluster DIRECTORY COMMAND [ARGS]: starts a cluster there, runs the command, stops the cluster.
on_cluster() (
  export SEMEL_CLUSTER_DIR=$1 PYTHONPYCACHEPREFIX=$build/pycache
  shift
  exec 7>"$build/$(basename "$SEMEL_CLUSTER_DIR").lock"
  flock -n 7 || fail "another run uses $SEMEL_CLUSTER_DIR; set SEMEL_CLUSTER_DIR to a directory of your own"
  local run=
  trap '[[ -z $run ]] || { kill "$run" 2>/dev/null && wait "$run"; }; "$root/dev" down' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  "$root/dev" down  # what an earlier run, killed without mercy, left behind
  "$root/dev" up 7>&- >/dev/null
  "$@" &
  run=$!
  wait "$run"
)

# pytest_on_cluster DIRECTORY [PYTEST ARGS]
pytest_on_cluster() { on_cluster "$1" env -C "$root/tests/integration" /usr/bin/python3 -m pytest "${@:2}"; }

# stage_integration [PYTEST ARGS]: on clusters of its own, because the tests kill brokers.
stage_integration() {
  require kafka integration
  build_release
  fetch_librdkafka
  export SEMEL_BIN=${SEMEL_BIN:-$build/$tree/apps/semel/semel} SEMEL_EXAMPLES=${SEMEL_EXAMPLES:-$build/$tree/examples}
  local directory=${SEMEL_CLUSTER_DIR:-build/test-cluster} hurting others failed=
  if (($#)); then
    pytest_on_cluster "$directory" "${@#tests/integration/}"
    return
  fi
  # They wait most of the time. Those that hurt brokers have a cluster for themselves.
  pytest_on_cluster "$directory-hurt" -m 'hurts_brokers and not at_length' >"$build/hurts_brokers.log" 2>&1 &
  hurting=$!
  pytest_on_cluster "$directory" -n $((jobs + 1)) -m 'not hurts_brokers and not at_length' &
  others=$!
  trap 'kill "$hurting" "$others"; wait' INT TERM
  wait "$others" || failed=yes
  wait "$hurting" || failed=yes
  cat "$build/hurts_brokers.log"
  [[ ! $failed ]]
}

# stage_chaos: the rules first, on histories that were made wrong by hand; then two minutes of it, gently.
stage_chaos() {
  require chaos
  (cd tests/chaos && /usr/bin/python3 -m pytest -c ../integration/pytest.ini --rootdir . -q .)
  chaos --minutes 2 --rate 500 "$@"
}

# choose_versions --librdkafka newest | --kafka 3.9: for all stages; `chosen` becomes those that it makes a difference to.
choose_versions() {
  case "$1 ${2-}" in
    '--librdkafka newest') export SEMEL_LIBRDKAFKA=newest && chosen=(unit integration) ;;
    '--kafka 3.9')
      export SEMEL_KAFKA=3.9
      [[ ${SEMEL_LIBRDKAFKA-} ]] || chosen=(integration)
      ;;
    *) fail "there are --librdkafka newest and --kafka 3.9, not: $1 ${2-}" ;;
  esac
}

# run_tests [VERSIONS] [STAGE [ARGS]]: each stage is a process of its own, so that whatever fails in it ends it (set -e).
run_tests() {
  local chosen=("${stages[@]}") stage began status failed=() report=''
  while [[ ${1-} == --* ]]; do
    choose_versions "$1" "${2-}"
    shift 2
  done
  if (($#)); then
    [[ " ${stages[*]} " == *" $1 "* ]] || fail "no such stage: $1; there are: ${stages[*]}"
    chosen=("$1")
    shift
  else
    require build clang format unit kafka integration chaos
  fi
  for stage in "${chosen[@]}"; do
    say "test: $stage"
    began=$SECONDS
    status=passed
    "$root/dev" stage "$stage" "$@" || { status=FAILED; failed+=("$stage"); }
    report+=$(printf '  %-12s %s  %4d s' "$stage" "$status" $((SECONDS - began)))$'\n'
  done
  printf '\n%s' "$report"
  if ((${#failed[@]})); then
    echo "FAILED: ${failed[*]} (after $SECONDS s)"
    return 1
  fi
  echo "All passed: ${chosen[*]} ($SECONDS s)."
}
