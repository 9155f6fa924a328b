#!/usr/bin/env python3
"""How long partitions stand still: cold restore, restore from a snapshot, return of a killed process, graceful hand-over.

Usage: restart.py BROKERS [MILLIONS [PARTITIONS]]: remembered events in all (4), over so many partitions (4).
Times are told by the processes' own logs, from the moment of the signal or the assignment on.
"""

from __future__ import annotations

import datetime
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "release"
SEMEL = BUILD / "apps" / "semel" / "semel"
RESTORED = re.compile(r"^(\S+) .*partition restored .*entries=(\d+) replayed=(\d+) .*milliseconds=(\d+)", re.M)


class Worker:
    """`semel dedup` in the background."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        self._log = directory / f"{uuid.uuid4().hex}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen([str(SEMEL), "dedup", *arguments], stdout=subprocess.DEVNULL, stderr=log)

    def restored(self, since: float = 0) -> list[tuple[float, int, int, int]]:
        """When, entries, replayed from the changelog, milliseconds."""
        found = [(datetime.datetime.fromisoformat(when).timestamp(), int(entries), int(replayed), int(took))
                 for when, entries, replayed, took in RESTORED.findall(self._log.read_text())]
        return [each for each in found if each[0] >= since]

    def wait_restored(self, partitions: int, since: float = 0) -> list[tuple[float, int, int, int]]:
        end = time.monotonic() + 120
        while len(found := self.restored(since)) < partitions:
            if time.monotonic() > end or self.process.poll() is not None:
                sys.exit(self._log.read_text()[-4000:])
            time.sleep(0.05)
        return found

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(60) != 0:
            sys.exit(self._log.read_text()[-4000:])


def run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> None:
    brokers = sys.argv[1]
    millions = float(sys.argv[2]) if len(sys.argv) > 2 else 4
    partitions = int(sys.argv[3]) if len(sys.argv) > 3 else 4
    source = f"bench.restart.{uuid.uuid4().hex[:6]}"
    run(str(SEMEL), "topic", "create", source, "--brokers", brokers, "--partitions", str(partitions))
    run(str(BUILD / "benchmarks" / "dedup_input"), brokers, source, str(partitions), str(int(millions * 1e6 / 0.7)), "small")
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        state = ("--state-dir", str(directory / "state"))
        job = ("--brokers", brokers, "--from", source, "--to", f"{source}.unique", "--key", "json:/event_id")
        run(str(SEMEL), "dedup", *job, *state, "--create-topics", "--until-end")

        cold = Worker(directory, *job, "--instance", "one")
        found = cold.wait_restored(partitions)
        entries = sum(each[1] for each in found)
        seconds = max(each[3] for each in found) / 1000
        print(f"cold restore: {entries} entries in {partitions} partitions, one lane: {seconds:.2f} s, "
              f"{entries / seconds / 1e6:.2f} million a second", flush=True)

        killed = time.time()
        cold.process.kill()
        cold.process.wait()
        returned = Worker(directory, *job, "--instance", "one")
        found = returned.wait_restored(partitions)
        print(f"killed and started again under its name, without a snapshot: all partitions after {max(each[0] for each in found) - killed:.2f} s")

        other = Worker(directory, *job)
        time.sleep(8)
        left = time.time()
        returned.stop()
        found = [each for each in other.wait_restored(1, left)]
        time.sleep(3)
        found = other.restored(left)
        print(f"graceful stop of one of two: the other served {len(found)} more partitions after {max(each[0] for each in found) - left:.2f} s")
        other.stop()

        snapshot = Worker(directory, *job, *state)
        found = snapshot.wait_restored(partitions)
        print(f"restore from snapshots: {sum(each[1] for each in found)} entries, {sum(each[2] for each in found)} of them from the "
              f"changelog: {max(each[3] for each in found) / 1000:.2f} s")
        snapshot.stop()


if __name__ == "__main__":
    main()
