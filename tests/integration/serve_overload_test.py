"""`semel serve` when Kafka takes less than clients send, and when the producer is lost."""

from __future__ import annotations

import json
import re
import select
import socket
import time
from pathlib import Path
from typing import Callable

import pytest
from cluster import Broker, Cluster, wait_for
from conftest import TopicFactory
from job import ids
from process import Semel
from server import KEY, Load, Server, event

HELD = 100_000


def peak_memory(server: Server) -> int:
    """The most resident memory that it has had, in MiB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{server.process.pid}/status").read_text())
    assert found
    return int(found[1]) // 1024


class Flood:
    """Posts batches of 500 KB, each on a connection of its own, and waits for no answer."""

    def __init__(self, server: Server, connections: int) -> None:
        self._open: dict[socket.socket, bytes] = {}
        self._batches: dict[socket.socket, range] = {}
        self.answers: list[bytes] = []
        self.accepted: list[str] = []
        for i in range(connections):
            batch = range(HELD + i * 500, HELD + i * 500 + 500)
            body = json.dumps([{**event(number), "filling": "x" * 960} for number in batch]).encode()
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
            self._open[connection] = b""
            self._batches[connection] = batch
            head = f"POST /v1/events HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
            try:
                connection.sendall(head.encode() + body)
            except OSError:
                pass  # refused before it was read to its end
            self.collect(0)

    def collect(self, wait: float) -> None:
        """Takes what has come."""
        for connection in select.select(list(self._open), [], [], wait)[0]:
            try:
                read = connection.recv(1 << 16)
            except OSError:
                read = b""
            if read:
                self._open[connection] += read
                continue
            answer = self._open.pop(connection)
            connection.close()
            self.answers.append(answer)
            if answer.startswith(b"HTTP/1.1 200"):
                self.accepted += [str(number) for number in self._batches[connection]]

    def collect_all(self, timeout: float = 60) -> None:
        end = time.monotonic() + timeout
        while self._open:
            assert time.monotonic() < end, f"{len(self._open)} have no answer"
            self.collect(0.1)


def test_what_kafka_cannot_take_is_refused_within_bounds(cluster: Cluster, semel: Semel, topic: TopicFactory,
                                                        broker: Callable[[int], Broker],
                                                        load: Callable[..., Load]) -> None:
    target = topic(partitions=3)
    server = Server(cluster, semel, "--to", target, "--delivery-timeout", "30s", "--max-bytes-in-flight", "8MiB",
                    "--max-decompressed", "3MiB", *KEY)
    clients = load(server, 6_000, clients=8)
    wait_for(lambda: len(clients.answered) > 500, "load")
    for number in (1, 2, 3):
        broker(number).pause()
    before = len(clients.answered)
    flood = Flood(server, 200)
    end = time.monotonic() + 20
    while len(flood.answers) < 150 and time.monotonic() < end:
        flood.collect(0.1)
    refused = [answer for answer in flood.answers if answer.startswith(b"HTTP/1.1 503")]
    assert len(refused) > 100, flood.answers[:5]
    assert all(b"\r\nRetry-After: 1\r\n" in answer for answer in refused)
    assert not flood.accepted, "no broker runs"
    assert len(clients.answered) <= before + 8 * 10, "what was acknowledged before"
    assert server.ask("GET", "/livez")[0] == 200
    assert peak_memory(server) < 90
    for number in (1, 2, 3):
        broker(number).resume()
    clients.wait()
    flood.collect_all()
    written = set(ids([record.value for records in cluster.read_all(target).values() for record in records]))
    assert {str(i) for i in range(6_000)} | set(flood.accepted) <= written
    assert flood.accepted, "what was under way has been taken"


def test_a_producer_that_cannot_go_on_ends_the_process(cluster: Cluster, semel: Semel, topic: TopicFactory,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    target = topic()
    monkeypatch.setenv("SEMEL_FAIL_POINTS", "serve_producer_broken:fail:2")
    server = Server(cluster, semel, "--to", target, *KEY)
    assert server.post(event(1))[0] == 200
    status, answer = server.post(event(2))
    assert (status, answer["status"]) == (503, "retry")
    result = server.process.result()
    assert result.code == 1 and "start again" in result.stderr, server.process.describe()
    monkeypatch.delenv("SEMEL_FAIL_POINTS")
    server.start()
    assert server.post(event(2))[0] == 200
    assert ids([record.value for record in cluster.read(target)]) == ["1", "2"]
