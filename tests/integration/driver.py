"""The program consumer_driver: a consumer of the library that answers, call by call."""

from __future__ import annotations

import select
import subprocess
import time
from pathlib import Path

from cluster import DEADLINE


class Driver:
    """Opened, or the error in `opened`. Every call waits for its answer, at most DEADLINE."""

    def __init__(self, binary: Path, log: Path, *arguments: str) -> None:
        with log.open("wb") as errors:
            self._process = subprocess.Popen([str(binary), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                             stderr=errors, bufsize=0)
        self._log = log
        self._unread = b""
        self.opened = self._answer()

    def __call__(self, command: str) -> str:
        self.begin(command)
        return self._answer()

    def begin(self, command: str) -> None:
        """Does not wait for the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(command.encode() + b"\n")

    def message(self) -> tuple[int, int, str]:
        """Partition, offset and value of the next one."""
        answer = self("poll 30000")
        kind, partition, offset, value = answer.split(" ", 3)
        assert kind == "message", answer
        return int(partition), int(offset), value

    def values(self, count: int) -> list[str]:
        return [self.message()[2] for _ in range(count)]

    def kill9(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def _answer(self) -> str:
        assert self._process.stdout is not None
        end = time.monotonic() + DEADLINE
        while b"\n" not in self._unread:
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, end - time.monotonic()))
            piece = self._process.stdout.read(65536) if ready else b""
            if not piece:
                raise TimeoutError(f"no answer: {self._log.read_text(errors='replace')[-4000:]}")
            self._unread += piece
        line, self._unread = self._unread.split(b"\n", 1)
        return line.decode()

    def close(self) -> None:
        self.kill9()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        print(self._log.read_text(errors="replace")[-4000:])  # pytest shows it where the test failed
