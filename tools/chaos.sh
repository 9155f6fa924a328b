# shellcheck shell=bash disable=SC2154  # $root and $build come from ./dev
# Faults on the real thing: brokers, workers, network, disks and clocks. Sourced by ./dev.

# chaos [--minutes N] [--seed S] [--rate R]: on a cluster of its own.
chaos() {
  require build kafka chaos
  if [[ ! ${SEMEL_BIN-} ]]; then build_release; fi
  build_preset release --target chaos_preload
  export SEMEL_CHAOS_PRELOAD=$build/release/tests/chaos/libchaos_preload.so
  on_cluster "${SEMEL_CLUSTER_DIR:-build/chaos-cluster}" /usr/bin/python3 "$root/tests/chaos/chaos.py" "$@"
}
