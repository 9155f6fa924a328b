"""`semel dedup` processes of several kinds, that are killed, paused and scaled, and come back."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cluster import wait_for
from control import Control
from job import Job, Page, adds_up
from process import Process

# librdkafka 2.0.2 ends the process that way; it comes back as after a crash.
LIBRDKAFKA_BUG = "BUG: Invalid transaction state transition"
COUNTERS = {
    "transactions committed": ("semel_transactions_total", 'result="committed"'),
    "transactions aborted": ("semel_transactions_total", 'result="aborted"'),
    "transactions unknown": ("semel_transactions_total", 'result="unknown"'),
    "producers replaced": ("semel_producer_replacements_total", ""),
    "producers fenced": ("semel_fenced_total", ""),
    "records read": ("semel_records_read_total", ""),
}


@dataclass(frozen=True)
class Kind:
    name: str
    named: bool = False
    state_dir: bool = False
    clock: bool = False  # under libfaketime, where that is there
    lanes: int = 1
    interval: str = "100ms"


KINDS = (
    Kind("a", named=True, state_dir=True),
    Kind("b", named=True, lanes=2, clock=True, interval="50ms"),
    Kind("c", state_dir=True, clock=True),
    Kind("d", interval="500ms"),
)


@dataclass
class Tally:
    """Over all processes that there were. Of one that was killed counts what its metrics last said."""

    counters: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    clean_ends: int = 0
    killed: int = 0
    read_by_clean: int = 0  # records, of those that ended cleanly
    exits: Counter[int] = field(default_factory=Counter)  # of those that ended by themselves
    assertions: int = 0  # of librdkafka, that ended a process
    last_words: list[str] = field(default_factory=list)
    not_adding_up: list[str] = field(default_factory=list)


class Worker:
    """A slot. `lock` is held by whoever does something to it, one fault at a time."""

    def __init__(self, kind: Kind, job: Job, directory: Path, disk: Path, preload: Path, faketime: Path | None,
                 tally: Tally) -> None:
        directory.mkdir(parents=True)
        self.kind = kind
        self.lock = threading.Lock()
        self.control = Control(directory, preload, faketime if kind.clock else None)
        self.has_clock = kind.clock and faketime is not None
        self.state_dir = disk / kind.name
        self.wanted = False
        self.paused = False
        self.back_at = 0.0  # not started before
        self.process: Process | None = None
        self._job = job
        self._page = Page()
        self._seen: Counter[str] = Counter()  # of the process that runs
        self._tally = tally
        self._guard = threading.Lock()  # start, end and look are of several threads

    @property
    def ready(self) -> bool:
        return self._page.ready

    @property
    def partitions(self) -> int:
        return self._page.partitions

    def _start(self) -> None:
        kind = self.kind
        self._page = Page()
        flags = ["--lanes", str(kind.lanes), "--commit-interval", kind.interval, "--summary", "json", *self._page.flags]
        if kind.named:
            flags += ["--instance", kind.name]
        if kind.state_dir:
            flags += ["--state-dir", str(self.state_dir)]
        self.process = self._job.start(*flags, env=self.control.environment)
        self._tally.starts += 1

    def kill(self, away: float) -> None:
        """Returns when it is gone; it is not started again before `away` seconds have passed."""
        self.back_at = time.monotonic() + away
        with self._guard:
            if self.process is not None and self.process.running:
                self.process.kill9()
                self._tally.killed += 1
                self._end()

    def pause(self) -> None:
        with self._guard:
            if self.process is not None:
                self.process.pause()
                self.paused = True

    def resume(self) -> None:
        with self._guard:
            if self.process is not None:
                self.process.cont()
            self.paused = False

    def stop(self, timeout: float = 300) -> None:
        """Politely: commits what it has, leaves the group, writes its snapshots."""
        with self._guard:
            self.wanted = False
            process = self.process
            if process is None or not process.running:
                return
            process.cont()
            process.term()
            try:
                code = process.wait(timeout)
            except TimeoutError:
                process.kill9()
                self._tally.last_words.append(f"{self.kind.name}: did not end within {timeout:g} s of SIGTERM")
                self._tally.exits[-signal.SIGTERM] += 1
                self._end()
                return
            if code == 0:
                self._clean(process)
            else:
                self._by_itself(process, code)
            self._end()

    def look(self) -> None:
        """Reads its metrics; one that ended by itself is noted, one that is missing is started."""
        if not self._guard.acquire(blocking=False):
            return  # somebody is busy with it
        try:
            process = self.process
            if process is not None and not process.running:
                self._by_itself(process, process.wait())
                self.back_at = time.monotonic() + 1
                self._end()
            elif process is not None and not self.paused:
                self._scrape()
            if self.process is None and self.wanted and time.monotonic() >= self.back_at:
                self._start()
        finally:
            self._guard.release()

    def _scrape(self) -> None:
        found = self._page.metrics()
        for name, (metric, label) in COUNTERS.items():
            total = sum(int(value) for key, value in found.items() if key.split("{")[0] == metric and label in key)
            self._seen[name] = max(self._seen[name], total)
        judged = sum(int(value) for key, value in found.items() if key.startswith("semel_records_total{"))
        if found and judged != self._seen["records read"]:
            self._tally.not_adding_up.append(f"{self.kind.name}: read {self._seen['records read']}, judged {judged}")

    def close(self) -> None:
        with self._guard:
            if self.process is not None:
                self.process.kill9()
                self._end()

    def _end(self) -> None:
        if self.process is not None:
            self.control.forget(self.process.pid)
        self._tally.counters.update(self._seen)
        self._seen.clear()
        self.process = None

    def _clean(self, process: Process) -> None:
        self._tally.clean_ends += 1
        summary: dict[str, Any] = json.loads(process.stdout.strip().splitlines()[-1])
        self._tally.read_by_clean += summary["read"]
        if not adds_up(summary):
            self._tally.not_adding_up.append(f"{self.kind.name}: {summary}")
        # Exact at last: its metrics are a moment behind.
        self._seen["records read"] = summary["read"]
        self._seen["transactions committed"] = summary["transactions"]

    def _by_itself(self, process: Process, code: int) -> None:
        lines = process.stderr.strip().splitlines()[-3:]
        if code == -signal.SIGABRT and lines and LIBRDKAFKA_BUG in lines[-1]:
            self._tally.assertions += 1
        else:
            self._tally.exits[code] += 1
        self._tally.last_words.append(f"{self.kind.name}, exit code {code}: " + " | ".join(lines))


class Watchdog:
    """Looks after all of them, twice a second: whoever should run and does not is started."""

    def __init__(self, workers: list[Worker]) -> None:
        self.errors: list[str] = []
        self._workers = workers
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(60)

    def _run(self) -> None:
        while not self._stop.wait(0.5):
            for worker in self._workers:
                try:
                    worker.look()
                except Exception as error:
                    self.errors.append(f"watchdog, {worker.kind.name}: {error!r}")


def wait_owner(worker: Worker, partitions: int, timeout: float) -> None:
    """Until it alone serves them all."""
    wait_for(lambda: worker.ready and worker.partitions == partitions, f"worker {worker.kind.name} serves all partitions", timeout)
