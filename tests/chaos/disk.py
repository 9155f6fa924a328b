"""A small disk for state directories, that can be filled up."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class SmallDisk:
    """A tmpfs where we may mount one; else a directory, and preload.cc refuses to write (`mounted` is False)."""

    def __init__(self, path: Path, mebibytes: int = 512) -> None:
        self.path = path
        self._ballast = path / "ballast"
        path.mkdir(parents=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "semel-chaos", str(path)],
                              capture_output=True, check=False)
        self.mounted = self.was_mounted = done.returncode == 0

    def fill(self) -> None:
        """Until the last byte."""
        with self._ballast.open("wb", buffering=0) as file:
            try:
                while file.write(b"\0" * (1 << 20)):
                    pass
            except OSError:
                pass  # full: what was wanted

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def close(self) -> None:
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.path)], check=True)
            self.mounted = False
        if not os.listdir(self.path):
            self.path.rmdir()
