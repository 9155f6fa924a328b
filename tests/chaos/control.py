"""What the nemesis turns inside of a worker: a mapped file that preload.cc reads, and the clock of libfaketime."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

_FIELDS = ("cuts", "hold_in", "hold_out", "disk_delay_ms", "disk_full")


class Control:
    """The switches of one worker; they stay as they are when its process is replaced."""

    def __init__(self, directory: Path, preload: Path, faketime: Path | None) -> None:
        self._path = directory / "control"
        self._path.write_bytes(b"\0" * 4 * len(_FIELDS))
        with self._path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 4 * len(_FIELDS))
        self._clock = directory / "clock"
        self.set_clock(0)
        self._preload = preload
        self._faketime = faketime

    @property
    def environment(self) -> dict[str, str]:
        libraries = [self._preload] if self._faketime is None else [self._preload, self._faketime]
        return {
            "LD_PRELOAD": " ".join(map(str, libraries)),
            "SEMEL_CHAOS_CONTROL": str(self._path),
            # Timeouts go by the steady clock, and that one does not jump.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_TIMESTAMP_FILE": str(self._clock),
            "FAKETIME_CACHE_DURATION": "1",
            "NO_FAKE_STAT": "1",
        }

    def set(self, name: str, value: int) -> None:
        struct.pack_into("=I", self._memory, 4 * _FIELDS.index(name), value)

    def cut(self) -> None:
        """Every connection that is open now."""
        (cuts,) = struct.unpack_from("=I", self._memory, 0)
        self.set("cuts", cuts + 1)

    def set_clock(self, ahead: int) -> None:
        """Seconds; a running process sees it within a second."""
        replaced = self._clock.with_suffix(".new")
        replaced.write_text(f"{ahead:+d}\n")
        replaced.replace(self._clock)

    def forget(self, pid: int) -> None:
        """What libfaketime leaves of a process that was killed."""
        for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
            (Path("/dev/shm") / name).unlink(missing_ok=True)

    def calm(self) -> None:
        for name in _FIELDS[1:]:
            self.set(name, 0)
        self.set_clock(0)
