#!/usr/bin/env python3
"""Latency through `semel dedup` at 5,000 events a second, by commit interval, beside those of the bare cluster and
of the reference program, and what a backlog takes with the same intervals.

Usage: latency.py BROKERS [RUNS [SECONDS]]; ./dev bench latency calls it. Medians of RUNS runs.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
import uuid
from pathlib import Path

BUILD = Path(__file__).resolve().parents[1] / "build" / "release"
SEMEL = str(BUILD / "apps" / "semel" / "semel")
PROBE = str(BUILD / "benchmarks" / "latency_probe")
REFERENCE = str(BUILD / "benchmarks" / "dedup_reference")
PARTITIONS = "4"
RATE = "5000"
BACKLOG = 1_000_000


def new_topic(brokers: str) -> str:
    topic = f"latency.{uuid.uuid4().hex[:8]}"
    subprocess.run([SEMEL, "topic", "create", topic, "--brokers", brokers, "--partitions", PARTITIONS],
                   check=True, capture_output=True)
    return topic


def probed(brokers: str, source: str, output: str, seconds: str) -> dict[str, int]:
    return json.loads(subprocess.run([PROBE, brokers, source, output, RATE, seconds], check=True, stdout=subprocess.PIPE).stdout)


def dedup(brokers: str, source: str, interval: str) -> list[str]:
    return [SEMEL, "dedup", "--brokers", brokers, "--from", source, "--to", f"{source}.{interval}", "--create-topics",
            "--group", f"{source}.{interval}", "--key", "json:/event_id", "--commit-interval", interval]


def measured(brokers: str, source: str, output: str, seconds: str, command: list[str], ready: str, times: int) -> dict[str, int]:
    """While `command` runs, after it said `ready` so many times."""
    job = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert job.stderr
    while times > 0:
        line = job.stderr.readline()
        if not line:
            sys.exit(f"{command[0]} ended")
        times -= ready in line
    found = probed(brokers, source, output, seconds)
    job.kill()
    job.communicate()
    return found


def through_semel(brokers: str, interval: str, seconds: str) -> dict[str, int]:
    source = new_topic(brokers)
    return measured(brokers, source, f"{source}.{interval}", seconds, dedup(brokers, source, interval), "partition restored", int(PARTITIONS))


def through_reference(brokers: str, seconds: str) -> dict[str, int]:
    source, output = new_topic(brokers), new_topic(brokers)
    return measured(brokers, source, output, seconds, [REFERENCE, brokers, source, output, "follow"], "assigned", 1)


def show(name: str, found: list[dict[str, int]]) -> None:
    middle = {key: statistics.median(run[key] for run in found) for key in ("p50_ms", "p99_ms", "p999_ms")}
    print(f"  {name}: p50 {middle['p50_ms']:.0f} ms, p99 {middle['p99_ms']:.0f} ms, p99.9 {middle['p999_ms']:.0f} ms", flush=True)


def main() -> None:
    brokers = sys.argv[1]
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    seconds = sys.argv[3] if len(sys.argv) > 3 else "15"
    backlog = new_topic(brokers)
    subprocess.run([str(BUILD / "benchmarks" / "dedup_input"), brokers, backlog, PARTITIONS, str(BACKLOG), "small"],
                   check=True, capture_output=True)
    bare = new_topic(brokers)
    through_semel(brokers, "100ms", "60")  # brokers that were just started are several times slower
    show("the cluster alone", [probed(brokers, bare, bare, seconds) for _ in range(runs)])
    turns = [(through_reference(brokers, seconds), through_semel(brokers, "100ms", seconds)) for _ in range(runs)]
    show("the reference program, 100 ms", [turn[0] for turn in turns])
    show("semel dedup, --commit-interval 100ms", [turn[1] for turn in turns])
    for interval in ("20ms", "1000ms"):
        show(f"semel dedup, --commit-interval {interval}", [through_semel(brokers, interval, seconds) for _ in range(runs)])
    for interval in ("20ms", "100ms", "1000ms"):
        began = time.monotonic()
        subprocess.run([*dedup(brokers, backlog, interval), "--until-end"], check=True, capture_output=True)
        print(f"  a backlog, --commit-interval {interval}: {BACKLOG / (time.monotonic() - began):,.0f} events/s", flush=True)



if __name__ == "__main__":
    main()
