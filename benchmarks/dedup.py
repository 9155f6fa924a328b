#!/usr/bin/env python3
"""CPU time, wall time and memory of `semel dedup` against dedup_reference.cc: the same topic, the same brokers, by turns.

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
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "release"
SEMEL = BUILD / "apps" / "semel" / "semel"
PARTITIONS = 4
SHAPES = (("small", 2_000_000), ("view-event", 200_000))


class Run(NamedTuple):
    cpu: float  # seconds
    wall: float
    memory: float  # resident MiB at most

    def __str__(self) -> str:
        return f"{self.cpu:.2f} s CPU, {self.wall:.1f} s, {self.memory:.0f} MiB"


def measured(*command: str) -> Run:
    began = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert child.stderr
    text = child.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{' '.join(command)} -> {child.returncode}\n{text}")
    return Run(usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss / 1024)


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
    references, semels = [], []
    for pair in range(pairs):
        output = f"{source}.reference.{pair}"
        quiet(str(SEMEL), "topic", "create", output, "--brokers", brokers, "--partitions", str(PARTITIONS))
        reference = measured(str(BUILD / "benchmarks" / "dedup_reference"), brokers, source, output)
        unique = f"{source}.semel.{pair}"
        semel = measured(str(SEMEL), "dedup", "--brokers", brokers, "--from", source, "--to", unique, "--group", unique,
                                     "--key", "json:/event_id", "--create-topics", "--until-end")
        share = topic_bytes(unique) / topic_bytes(output)
        print(f"  pair {pair + 1}: reference {reference}; semel {semel}; output bytes {share:.3f}", flush=True)
        if abs(share - 1) > 0.03:
            sys.exit("the outputs differ by more than 3 %: not comparable")
        references.append(reference)
        semels.append(semel)
        for topic in (output, unique, f"{unique}.seen"):
            quiet(str(ROOT / "dev"), "kafka", "TopicCommand", "--delete", "--topic", topic)
    event_us = [statistics.median(run.cpu for run in runs) / records * 1e6 for runs in (references, semels)]
    ratios = [statistics.median(getattr(semel, what) / getattr(reference, what) for semel, reference in zip(semels, references))
              for what in Run._fields]
    print(f"{records} events, {shape}: reference {event_us[0]:.2f} us, semel {event_us[1]:.2f} us; "
          f"median ratios: CPU {ratios[0]:.3f}, wall {ratios[1]:.2f}, memory {ratios[2]:.2f}")


def main() -> None:
    brokers = sys.argv[1]
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    scale = float(sys.argv[3]) if len(sys.argv) > 3 else 1
    for shape, records in SHAPES:
        compare(brokers, shape, int(records * scale), pairs)


if __name__ == "__main__":
    main()
