"""One `semel serve`, and clients that load it."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import threading
import time
from collections import Counter
from typing import Any, Mapping

from cluster import Cluster
from process import Process, Semel

KEY = ("--key", "json:/event_id")


class Server:
    """One `semel serve`; started again, it listens where it did before."""

    def __init__(self, cluster: Cluster, semel: Semel, *flags: str, tls: ssl.SSLContext | None = None) -> None:
        self._cluster = cluster
        self._semel = semel
        self._flags = flags
        self.tls = tls
        self.port = 0
        self.process: Process
        self.start()

    def start(self) -> None:
        self.process = self._semel.start("serve", "--brokers", self._cluster.bootstrap, "--listen",
                                         f"127.0.0.1:{self.port}", "--summary", "json", *self._flags)
        self.process.wait_for_log(" listening")
        found = re.search(r"\bport=(\d+)", self.process.stderr)
        assert found, self.process.stderr
        self.port = int(found[1])

    def connect(self) -> http.client.HTTPConnection:
        if self.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
        """Status, and the JSON of the answer."""
        connection = self.connect()
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        finally:
            connection.close()

    def post(self, body: Any, path: str = "/v1/events", **headers: str) -> tuple[int, Any]:
        return self.ask("POST", path, body if isinstance(body, bytes) else json.dumps(body).encode(), **headers)

    def raw(self, request: bytes) -> bytes:
        """All that it answers to these bytes, until it closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))


def event(number: int) -> dict[str, Any]:
    return {"event_id": str(number), "what": "play"}


class Load:
    """Clients that repeat what was not answered with 2xx, each its own events, until there are `events`."""

    def __init__(self, server: Server, events: int, clients: int = 4) -> None:
        self._server = server
        self.answered: list[str] = []
        self.answers: Counter[str] = Counter()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(range(i, events, clients),)) for i in range(clients)]
        for thread in self._threads:
            thread.start()

    def _run(self, numbers: range) -> None:
        batches = [numbers[i:i + 10] for i in range(0, len(numbers), 10)]
        connection = self._server.connect()
        for batch in batches:
            while not self._stop.is_set() and not self._sent(connection, batch):
                connection.close()
                time.sleep(0.02)
        connection.close()

    def _sent(self, connection: http.client.HTTPConnection, batch: range) -> bool:
        try:
            connection.request("POST", "/v1/events", json.dumps([event(i) for i in batch]))
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.answers[type(error).__name__] += 1
            return False
        self.answers[str(answer.status)] += 1
        if answer.status == 200:
            self.answered += [str(i) for i in batch]
        return answer.status == 200

    def wait(self, timeout: float = 60) -> None:
        for thread in self._threads:
            thread.join(timeout)
            assert not thread.is_alive(), f"{len(self.answered)} answered; {self.answers}"

    def stop(self) -> None:
        self._stop.set()
        self.wait()
