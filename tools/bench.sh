# shellcheck shell=bash disable=SC2154  # $root and $build come from ./dev
# Measuring. Sourced by ./dev.

# bench [PAIRS [SCALE]]: on a cluster of its own, by turns with the programs that Semel is compared with.
bench() {
  require build kafka
  build_release
  export SEMEL_CLUSTER_DIR=${SEMEL_CLUSTER_DIR:-build/bench-cluster}
  trap '"$root/dev" down' EXIT
  "$root/dev" up >/dev/null
  echo "$(date -u +%F), $(git rev-parse --short HEAD 2>/dev/null || echo 'no commit'), $(nproc) x $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), load $(cut -d' ' -f1 /proc/loadavg)"
  python3 benchmarks/dedup.py "$(<"$SEMEL_CLUSTER_DIR/bootstrap")" "$@"
}
