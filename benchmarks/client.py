#!/usr/bin/env python3
"""CPU time of Producer and Consumer beside a program on librdkafka itself, by turns.

Usage: client.py BROKERS [PAIRS [MESSAGES]]; ./dev bench client calls it. The ratio is the median of the pairs'.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import uuid
from pathlib import Path

BUILD = Path(__file__).resolve().parents[1] / "build" / "release"
SEMEL = str(BUILD / "apps" / "semel" / "semel")


def cpu_seconds(brokers: str, kind: str, messages: int) -> float:
    topic = f"client.{uuid.uuid4().hex[:8]}"
    subprocess.run([SEMEL, "topic", "create", topic, "--brokers", brokers, "--partitions", "4"], check=True, capture_output=True)
    child = subprocess.Popen([str(BUILD / "benchmarks" / "client_bench"), kind, brokers, topic, str(messages)])
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"client_bench {kind} ended with {status}")
    subprocess.run([SEMEL, "topic", "delete", topic, "--brokers", brokers], check=True, capture_output=True)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    brokers = sys.argv[1]
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    messages = int(sys.argv[3]) if len(sys.argv) > 3 else 2_000_000
    cpu_seconds(brokers, "bare", messages // 4)  # warms the brokers up
    ratios = []
    for pair in range(pairs):
        bare, semel = cpu_seconds(brokers, "bare", messages), cpu_seconds(brokers, "semel", messages)
        ratios.append(semel / bare)
        print(f"  pair {pair + 1}: librdkafka {bare / messages * 1e6:.2f} us, semel {semel / messages * 1e6:.2f} us a message, "
              f"ratio {semel / bare:.2f}", flush=True)
    print(f"  CPU of Producer and Consumer: {statistics.median(ratios):.2f} of librdkafka's, median of {pairs} pairs")


if __name__ == "__main__":
    main()
