"""What goes in: `semel prove produce` processes, each with its own seed and truth."""

from __future__ import annotations

import threading
from pathlib import Path

from job import Job
from process import Process

FOREVER = 1 << 40


class Streams:
    """Keeps `count` producers running. One that gives up is replaced; what it had acknowledged stays true."""

    def __init__(self, job: Job, directory: Path, count: int, rate: int, seed: int) -> None:
        self.replaced: list[str] = []
        self._job = job
        self._directory = directory
        self._rate = rate // count
        self._next_seed = seed
        self._truths: list[Path] = []
        self._stop = threading.Event()
        self._running = [self._start() for _ in range(count)]
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _start(self) -> Process:
        truth = self._directory / f"truth-{len(self._truths)}"
        self._truths.append(truth)
        arguments = self._job.produce_arguments(FOREVER, seed=self._next_seed, rate=self._rate)
        arguments[arguments.index("--truth") + 1] = str(truth)
        self._next_seed += 1
        return self._job.semel.start(*arguments)

    def _watch(self) -> None:
        while not self._stop.wait(1):
            for number, process in enumerate(self._running):
                if not process.running:
                    self.replaced.append(process.describe()[-500:])
                    self._running[number] = self._start()

    def stop(self) -> None:
        """None is replaced any more."""
        self._stop.set()
        self._thread.join(60)

    def finish(self) -> None:
        """Returns when nothing is under way any more."""
        self.stop()
        for process in self._running:
            process.term()
        for process in self._running:
            process.wait(300)

    def write_truth(self, path: Path) -> None:
        """All of them in one file, whole lines only; they are told apart by partition and offset."""
        with path.open("wb") as out:
            for truth in self._truths:
                with truth.open("rb") as lines:
                    out.writelines(line for line in lines if line.endswith(b"\n"))
                truth.unlink()
