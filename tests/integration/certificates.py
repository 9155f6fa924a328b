"""Certificates for a test: authorities that sign themselves, and a server's that one of them signed."""

from __future__ import annotations

import subprocess
from pathlib import Path


class Certificates:
    """In `directory`: ca.pem signed server.pem (localhost; its key is server.key), other.pem nothing."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        for authority in ("ca", "other"):
            self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={authority}",
                          "-keyout", f"{authority}.key", "-out", f"{authority}.pem")
        (directory / "names").write_text("subjectAltName=DNS:localhost")
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
        self._openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
                      "-extfile", "names", "-out", "server.pem")

    def read(self, name: str) -> bytes:
        return (self.directory / name).read_bytes()

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True, capture_output=True, timeout=60)
