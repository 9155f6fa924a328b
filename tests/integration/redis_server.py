"""A real Redis of our own, which keeps what it acknowledged: started, killed, paused, restarted with its data."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from certificates import Certificates
from cluster import ROOT, wait_for


class RedisServer:
    """On a free port of the loopback interface; `options` as redis-server takes them."""

    def __init__(self, *options: str, tls: Certificates | None = None) -> None:
        (ROOT / "build").mkdir(exist_ok=True)
        self.directory = Path(tempfile.mkdtemp(prefix="redis.", dir=ROOT / "build"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._options = options
        self._tls = tls.directory if tls else None
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def address(self) -> str:
        return f"rediss://localhost:{self.port}" if self._tls else f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when it has loaded its data and answers."""
        port = ["--port", str(self.port)]
        if self._tls:
            port = ["--port", "0", "--tls-port", str(self.port), "--tls-cert-file", str(self._tls / "server.pem"),
                    "--tls-key-file", str(self._tls / "server.key"), "--tls-ca-cert-file", str(self._tls / "ca.pem"),
                    "--tls-auth-clients", "no"]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["redis-server", *port, "--bind", "127.0.0.1", "--dir", str(self.directory), "--save", "", "--appendonly",
                 "yes", "--appendfsync", "always", *self._options], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for(lambda: self.do("PING") == "PONG", f"Redis answers; see {self.directory}/log")

    def do(self, *command: str) -> str:
        tls = ["--tls", "--cacert", str(self._tls / "ca.pem"), "-h", "localhost"] if self._tls else []
        result = subprocess.run(["redis-cli", *tls, "-p", str(self.port), *command], capture_output=True, text=True,
                                timeout=30, check=False)
        return result.stdout.strip()

    def kill9(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def pause(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self.kill9()
        shutil.rmtree(self.directory, ignore_errors=True)
