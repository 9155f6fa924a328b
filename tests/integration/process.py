"""The semel binary as a process: run to its end, or kept in the background to be paused, ended and killed."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping

from cluster import wait_for


@dataclass(frozen=True)
class Result:
    code: int
    stdout: str
    stderr: str

    def summary(self) -> dict[str, Any]:
        """What --summary json printed: the last line."""
        return json.loads(self.stdout.strip().splitlines()[-1])


class Process:
    """A process in the background. Its output goes to files, so that it never waits for a reader."""

    def __init__(self, command: list[str], log: Path, environment: Mapping[str, str], stdin: bytes) -> None:
        self.command = command
        self._out = log.with_suffix(".out")
        self._err = log.with_suffix(".err")
        input_file = log.with_suffix(".in")
        input_file.write_bytes(stdin)
        with input_file.open("rb") as source, self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = subprocess.Popen(command, stdin=source, stdout=out, stderr=err,
                                             env={**os.environ, **environment})

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def stdout(self) -> str:
        return self._out.read_text(errors="replace")

    @property
    def stderr(self) -> str:
        return self._err.read_text(errors="replace")

    def _signal(self, number: signal.Signals) -> None:
        if self.running:  # ours and not yet waited for, hence the id cannot mean somebody else
            os.kill(self.pid, number)

    def kill9(self) -> None:
        """Returns when it is gone."""
        self._signal(signal.SIGKILL)
        self._process.wait(60)

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def cont(self) -> None:
        self._signal(signal.SIGCONT)

    def term(self) -> None:
        self._signal(signal.SIGTERM)

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._signal(signal.SIGINT)

    def wait(self, timeout: float = 60) -> int:
        """The exit code; negative where a signal ended it."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"still running after {timeout:g} s: {self.describe()}") from None

    def result(self, timeout: float = 60) -> Result:
        return Result(self.wait(timeout), self.stdout, self.stderr)

    def wait_for_log(self, text: str, timeout: float = 60) -> None:
        """Until its standard error holds that text."""
        wait_for(lambda: text in self.stderr or not self.running, f"{text!r} in the log of {self.command}", timeout)
        if text not in self.stderr:
            raise AssertionError(f"ended without {text!r}: {self.describe()}")

    def describe(self) -> str:
        state = "running" if self.running else f"exit code {self._process.returncode}"
        return f"{' '.join(self.command)} [{state}]\n{self.stdout[-2000:]}{self.stderr[-8000:]}"


class Semel:
    """Starts them, and at the end of a test kills what is left."""

    def __init__(self, binary: Path, logs: Path) -> None:
        self.binary = binary
        self._logs = logs
        self._processes: list[Process] = []
        self._numbers = itertools.count()  # tests start them from several threads

    def start(self, *args: str, env: Mapping[str, str] | None = None, stdin: bytes = b"") -> Process:
        log = self._logs / f"semel-{next(self._numbers)}"
        process = Process([str(self.binary), *args], log, env or {}, stdin)
        self._processes.append(process)
        return process

    def run(self, *args: str, timeout: float = 60, env: Mapping[str, str] | None = None, stdin: bytes = b"") -> Result:
        """To its end; one that does not come to it is killed."""
        process = self.start(*args, env=env, stdin=stdin)
        try:
            return process.result(timeout)
        finally:
            process.kill9()

    def kill_all(self) -> None:
        for process in self._processes:
            process.kill9()

    def close(self) -> None:
        self.kill_all()
        for process in self._processes:
            print(process.describe())  # pytest shows it where the test failed
