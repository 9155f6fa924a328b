# shellcheck shell=bash disable=SC2154  # $root and $build come from ./dev
# Faults on the real thing: brokers, workers, network, disks and clocks. Sourced by ./dev.

# chaos [--minutes N] [--seed S] [--rate R]: on a cluster of its own.
chaos() (
  require build kafka chaos
  if [[ ! ${SEMEL_BIN-} ]]; then build_release; fi
  build_preset release --target chaos_preload
  export SEMEL_CLUSTER_DIR=${SEMEL_CLUSTER_DIR:-build/chaos-cluster} PYTHONPYCACHEPREFIX=$build/pycache
  export SEMEL_CHAOS_PRELOAD=$build/release/tests/chaos/libchaos_preload.so
  exec 7>"$build/$(basename "$SEMEL_CLUSTER_DIR").lock"
  flock -n 7 || fail "another run uses $SEMEL_CLUSTER_DIR; set SEMEL_CLUSTER_DIR to a directory of your own"
  local run=
  trap '[[ -z $run ]] || { kill "$run" 2>/dev/null && wait "$run"; }; "$root/dev" down' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  "$root/dev" down  # what an earlier run, killed without mercy, left behind
  "$root/dev" up 7>&- >/dev/null
  /usr/bin/python3 "$root/tests/chaos/chaos.py" "$@" 7>&- &
  run=$!
  wait "$run"
)
