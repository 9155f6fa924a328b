#!/usr/bin/env bash
# in_shards.sh COUNT PROGRAM: the tests of a program, spread over so many processes side by side. For tests that wait
# most of the time, as for the 3 s after which a group of librdkafka's mock brokers takes its first member.
set -euo pipefail

output=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$output"' EXIT
trap 'exit 143' TERM
for ((i = 0; i < $1; ++i)); do
  GTEST_TOTAL_SHARDS=$1 GTEST_SHARD_INDEX=$i "$2" >"$output/$i" 2>&1 &
  pids+=($!)
done
status=0
for ((i = 0; i < $1; ++i)); do
  wait "${pids[i]}" || { status=1; cat "$output/$i"; }
done
exit $status
