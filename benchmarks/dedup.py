#!/usr/bin/env python3
"""CPU time of `semel dedup` against dedup_reference.cc: the same topic, the same brokers, by turns.

Usage: dedup.py BROKERS [PAIRS [SCALE]], with SEMEL_CLUSTER_DIR naming their cluster; ./dev bench calls it. SCALE 0.1 takes a
tenth of the events, for a quick look.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "release"
SEMEL = BUILD / "apps" / "semel" / "semel"
PARTITIONS = 4
SHAPES = (("small", 2_000_000), ("view-event", 200_000))


def measured(*command: str) -> tuple[float, float]:
    """CPU and wall seconds."""
    began = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert child.stderr
    text = child.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{' '.join(command)} -> {child.returncode}\n{text}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - began


def quiet(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def topic_bytes(topic: str) -> int:
    """Of its leaders' logs; replicas hold the same."""
    text = quiet(str(ROOT / "dev"), "kafka", "LogDirsCommand", "--describe", "--topic-list", topic)
    described = json.loads(text[text.index("{"):].splitlines()[0])
    sizes: dict[str, int] = {}
    for broker in described["brokers"]:
        for directory in broker["logDirs"]:
            for partition in directory["partitions"]:
                sizes[partition["partition"]] = max(sizes.get(partition["partition"], 0), partition["size"])
    return sum(sizes.values())


def compare(brokers: str, shape: str, records: int, pairs: int) -> None:
    run = uuid.uuid4().hex[:6]
    source = f"bench.{shape}.{run}"
    quiet(str(SEMEL), "topic", "create", source, "--brokers", brokers, "--partitions", str(PARTITIONS))
    quiet(str(BUILD / "benchmarks" / "dedup_input"), brokers, source, str(PARTITIONS), str(records), shape)
    semel_cpu, reference_cpu, ratios = [], [], []
    for pair in range(pairs):
        output = f"{source}.reference.{pair}"
        quiet(str(SEMEL), "topic", "create", output, "--brokers", brokers, "--partitions", str(PARTITIONS))
        reference, reference_wall = measured(str(BUILD / "benchmarks" / "dedup_reference"), brokers, source, output)
        unique = f"{source}.semel.{pair}"
        semel, semel_wall = measured(str(SEMEL), "dedup", "--brokers", brokers, "--from", source, "--to", unique, "--group", unique,
                                     "--key", "json:/event_id", "--create-topics", "--until-end")
        share = topic_bytes(unique) / topic_bytes(output)
        print(f"  pair {pair + 1}: reference {reference:.2f} s CPU ({reference_wall:.1f} s), semel {semel:.2f} s CPU ({semel_wall:.1f} s), "
              f"ratio {semel / reference:.3f}, output bytes {share:.3f}", flush=True)
        if abs(share - 1) > 0.03:
            sys.exit("the outputs differ by more than 3 %: not comparable")
        semel_cpu.append(semel / records * 1e6)
        reference_cpu.append(reference / records * 1e6)
        ratios.append(semel / reference)
    print(f"{records} events, {shape}: reference {statistics.median(reference_cpu):.2f} us, semel {statistics.median(semel_cpu):.2f} us, "
          f"median ratio {statistics.median(ratios):.3f}")


def main() -> None:
    brokers = sys.argv[1]
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    scale = float(sys.argv[3]) if len(sys.argv) > 3 else 1
    for shape, records in SHAPES:
        compare(brokers, shape, int(records * scale), pairs)


if __name__ == "__main__":
    main()
