"""Everything breaks for some minutes, then heals, and then all that Semel promises is checked.

    ./dev chaos [--minutes N] [--seed S] [--rate R]

Runs on the cluster in SEMEL_CLUSTER_DIR, whose brokers it hurts. All it leaves is in build/chaos/TIME-SEED.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
sys.dont_write_bytecode = True

import export  # noqa: E402
import verdict  # noqa: E402
from brokers import Brokers  # noqa: E402
from cluster import ROOT, Cluster, dev, wait_for  # noqa: E402
from confluent_kafka import KafkaException  # noqa: E402
from disk import SmallDisk  # noqa: E402
from job import Job  # noqa: E402
from nemesis import Nemesis  # noqa: E402
from observed import Violations, compare, twice  # noqa: E402
from process import Semel  # noqa: E402
from reader import LiveReader, read_all  # noqa: E402
from stream import Streams  # noqa: E402
from summary import Summary, find_faketime  # noqa: E402
from workers import KINDS, Tally, Watchdog, Worker, wait_owner  # noqa: E402

PARTITIONS = 6
PRODUCERS = 2
Part = TypeVar("Part")


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


class Run:
    def __init__(self, minutes: float, seed: int, rate: int) -> None:
        self.seconds = minutes * 60
        self.seed = seed
        self.rate = rate
        self.directory = ROOT / "build" / "chaos" / f"{time.strftime('%Y%m%d-%H%M%S')}-{seed}"
        logs = self.directory / "logs"
        logs.mkdir(parents=True)
        binary = Path(os.environ.get("SEMEL_BIN") or ROOT / "build" / "semel").resolve()
        self.semel = Semel(binary, logs)
        self.cluster = Cluster(dev("up").strip())
        self.job = Job(self.cluster, self.semel, self.directory, "views")
        # Short enough that events leave it, long enough that a broker's absence makes no record late.
        self.job.window = f"{max(60, min(600, round(self.seconds / 4)))}s"
        self.violations = Violations()
        self.tally = Tally()
        self.disk = SmallDisk(self.directory / "disk")
        self.faketime = find_faketime()
        preload = Path(os.environ["SEMEL_CHAOS_PRELOAD"])
        self.workers = [Worker(kind, self.job, self.directory / f"worker-{kind.name}", self.disk.path, preload, self.faketime,
                               self.tally) for kind in KINDS]
        self.summary = Summary(self)
        self._parts: list[Any] = []  # that have threads or processes

    def _part(self, part: Part) -> Part:
        self._parts.append(part)
        return part

    def break_things(self) -> None:
        cluster, job = self.cluster, self.job
        cluster.create_topic(job.source, PARTITIONS, config={"retention.ms": -1})
        job.create_output(retention_ms=-1)
        self.streams = self._part(Streams(job, self.directory, PRODUCERS, self.rate, self.seed))
        for worker in self.workers:
            worker.wanted = True
        self.watchdog = self._part(Watchdog(self.workers))
        wait_for(lambda: all(worker.ready for worker in self.workers), "all workers ready", 300)
        self.reader = self._part(LiveReader(cluster.bootstrap, job.output, PARTITIONS))
        self.nemesis = self._part(Nemesis(self.seed, cluster, job, self.workers, Brokers(cluster, job), self.disk))
        say(f"{len(self.workers)} workers, {PRODUCERS} producers, window {job.window}; now things break")
        progress = Watch(self)
        self.nemesis.run(self.seconds)
        progress.stop()

    def heal(self) -> None:
        """Everything runs again, and what came in goes out."""
        say("calm")
        for worker in self.workers:
            worker.control.calm()
            worker.wanted = True
        time.sleep(5)
        *others, self.last = sorted(self.workers, key=lambda worker: worker.kind.name == "a")
        for worker in others:
            worker.stop()
        wait_owner(self.last, PARTITIONS, 300)
        time.sleep(5)  # so that it has something new to save of each partition
        self.streams.finish()
        say("what is left goes out")
        began = time.monotonic()
        wait_for(self._drained, "lag 0", 300 + self.seconds)
        self.summary.drained_seconds = time.monotonic() - began
        self.last.stop()
        self.watchdog.stop()

    def _drained(self) -> bool:
        time.sleep(1)
        try:
            return self.cluster.lag(self.job.group, self.job.source) == 0
        except KafkaException:
            return False

    def check(self) -> None:
        job, violations = self.job, self.violations
        began = time.monotonic()
        job.wait_stable()
        final = read_all(self.cluster.bootstrap, job.output, PARTITIONS, "final")
        try:
            wait_for(lambda: self.reader.observed.total >= final.total or self.reader.errors, "the reader has seen it all", 300)
        except TimeoutError as error:
            violations.add("skipped", str(error))
        self.reader.stop()
        live = self.reader.observed
        say(f"read {final.total} records")
        for name, count in live.violations.counts.items():
            violations.add(name, next(iter(live.violations.examples), ""), count)
        compare(live, final, violations)
        twice(final, violations)
        truth = self.directory / "truth"
        self.streams.write_truth(truth)
        self.summary.report = verdict.prove(job, truth, violations)
        say("semel prove check is done")
        verdict.sizes(final, self.summary.report, violations)
        self.summary.restored_entries = verdict.restore(job, self.last.state_dir, violations)
        verdict.counters(self.tally, self.summary.report.get("read", 0), violations)
        verdict.exits(self.tally, violations)
        for error in self.nemesis.errors + self.watchdog.errors + self.reader.errors:
            violations.add("the test itself", error)
        export.write_all(self.directory, self.cluster, job, self.reader, final, self.nemesis)
        self.summary.check_seconds = time.monotonic() - began

    def close(self) -> None:
        """In whatever state we are. Those that start others first."""
        for part in self._parts:
            part.stop()
        self.semel.kill_all()
        for worker in self.workers:
            worker.close()
        self.disk.close()


class Watch:
    """A line now and then."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._tell, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(60)

    def _tell(self) -> None:
        run = self._run
        while not self._stop.wait(15):
            say(f"{run.reader.observed.total} came out, {sum(run.nemesis.faults.values())} faults, "
                f"{sum(worker.process is not None for worker in run.workers)} workers")


def interrupted(*_: Any) -> None:
    raise KeyboardInterrupt  # ended politely, we still put away what we started


def main() -> int:
    signal.signal(signal.SIGTERM, interrupted)
    parser = argparse.ArgumentParser(prog="./dev chaos")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--rate", type=int, default=1400, help="records a second")
    arguments = parser.parse_args()
    run = Run(arguments.minutes, arguments.seed, arguments.rate)
    say(f"seed {run.seed}, everything goes to {run.directory.relative_to(ROOT)}")
    try:
        run.break_things()
        run.heal()
        run.check()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        run.close()
    text = run.summary.write()
    print(text)
    return 1 if run.violations.counts else 0


if __name__ == "__main__":
    sys.exit(main())
