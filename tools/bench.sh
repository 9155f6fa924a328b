# shellcheck shell=bash disable=SC2154  # $root and $build come from ./dev
# Measuring. Sourced by ./dev.

# bench [PAIRS [SCALE]]: on a cluster of its own, by turns with the programs that Semel is compared with.
# bench client [PAIRS [MESSAGES]]: the library beside librdkafka. bench latency [RUNS [SECONDS]]: how long an event takes.
# bench serve [PAIRS]: the HTTP endpoint beside FastAPI and librdkafka. bench sink [RUNS [EVENTS]]: rows into PostgreSQL beside \copy.
# bench micro: fingerprint and seen-set, without Kafka.
bench() {
  local kind=dedup
  case ${1:-} in
    client | latency | micro | serve | sink) kind=$1; shift ;;
  esac
  if [[ $kind == micro ]]; then
    bench_micro
    return
  fi
  require build kafka
  if [[ $kind == sink ]]; then require integration; fi  # PostgreSQL, and what starts it
  if [[ $kind == serve ]]; then require serve_bench; fi
  build_release
  export SEMEL_CLUSTER_DIR=${SEMEL_CLUSTER_DIR:-build/bench-cluster} SEMEL_CLUSTER_OPTIMISED=1
  trap '"$root/dev" down' EXIT
  "$root/dev" up >/dev/null
  echo "$(date -u +%F), $(git rev-parse --short HEAD 2>/dev/null || echo 'no commit'), $(nproc) x $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), load $(cut -d' ' -f1 /proc/loadavg)"
  /usr/bin/python3 "benchmarks/$kind.py" "$(<"$SEMEL_CLUSTER_DIR/bootstrap")" "$@"
}

bench_micro() {
  require build bench
  cmake --preset release -DSEMEL_MICRO_BENCHMARKS=ON >/dev/null
  cmake --build --preset release --target micro_bench
  "$build/release/benchmarks/micro_bench"
}
