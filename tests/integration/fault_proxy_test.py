"""The fault proxy itself, before brokers that answer whatever they get."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Iterator

import pytest
from cluster import wait_for
from fault_proxy import FaultProxy, answer, read_frame, request, write_frame
from kafka_frames import Api


class Broker:
    def __init__(self) -> None:
        self.got: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            threading.Thread(target=self._serve, args=(self._listener.accept()[0],), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        while (payload := read_frame(client)) is not None:
            self.got.append(payload)
            write_frame(client, payload[4:8] + bytes(6))


def end_txn(correlation: int, commit: bool = True) -> bytes:
    """Version 1, client id "c", transactional id "t", producer 7, epoch 3."""
    return (b"\0\x1a\0\1" + correlation.to_bytes(4, "big") + b"\0\1c" + b"\0\1t" + (7).to_bytes(8, "big") + b"\0\3"
            + bytes([commit]))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server() -> Broker:
    return Broker()


@pytest.fixture
def proxy(server: Broker, tmp_path: Path) -> Iterator[FaultProxy]:
    (tmp_path / "proxied").write_text(f"1 {free_port()} {server.port}\n")
    proxy = FaultProxy(tmp_path)
    yield proxy
    proxy.close()


class Client:
    def __init__(self, proxy: FaultProxy) -> None:
        self._proxy = proxy
        self._socket = self._connect()

    def _connect(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", int(self._proxy.bootstrap.split(":")[1])))
        made.settimeout(60)
        return made

    def again(self) -> None:
        self.close()
        self._socket = self._connect()

    def send(self, payload: bytes) -> None:
        write_frame(self._socket, payload)

    def answered(self) -> int | None:
        """The correlation id; None where the connection has ended."""
        payload = read_frame(self._socket)
        return None if payload is None else int.from_bytes(payload[:4], "big")

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[Client]:
    made = Client(proxy)
    yield made
    made.close()


def test_all_passes_and_is_recorded(client: Client, proxy: FaultProxy) -> None:
    client.send(end_txn(1))
    assert client.answered() == 1
    asked, answered = proxy.record
    assert (asked.fate, answered.fate, answered.frame.error) == ("passed", "passed", 0)
    seen = asked.frame.request
    assert (seen.api, seen.client_id, seen.transactional_id, seen.epoch, seen.commit) == (Api.END_TXN, "c", "t", 3, True)


def test_a_held_request_arrives_after_its_client_went_on(client: Client, proxy: FaultProxy, server: Broker) -> None:
    old = proxy.hold(request(Api.END_TXN), nth=2)
    client.send(end_txn(1))
    assert client.answered() == 1
    client.send(end_txn(2))
    held = old.wait()
    old.cut()
    assert client.answered() is None
    client.again()
    client.send(end_txn(3))
    assert client.answered() == 3
    old.release()
    assert proxy.answer_to(held).error == 0
    assert server.got == [end_txn(1), end_txn(3), end_txn(2)]


def test_a_held_frame_holds_up_what_is_behind_it(client: Client, proxy: FaultProxy, server: Broker) -> None:
    gate = proxy.hold(request(Api.END_TXN, commit=False))
    client.send(end_txn(1, commit=False))
    client.send(end_txn(2))
    gate.wait()
    assert server.got == []
    gate.release()
    assert [client.answered(), client.answered()] == [1, 2]
    assert server.got == [end_txn(1, commit=False), end_txn(2)]


def test_a_cut_request_never_arrives_and_neither_does_what_is_behind_it(
        client: Client, proxy: FaultProxy, server: Broker) -> None:
    proxy.cut(request(Api.END_TXN, commit=False))
    client.send(end_txn(1))
    client.send(end_txn(2, commit=False))
    client.send(end_txn(3))
    assert client.answered() in (1, None)
    client.again()
    client.send(end_txn(4))
    assert client.answered() == 4
    wait_for(lambda: len(server.got) == 2, "both of them")  # by two connections, in any order
    assert sorted(server.got) == [end_txn(1), end_txn(4)]


def test_a_cut_answer_was_carried_out(client: Client, proxy: FaultProxy, server: Broker) -> None:
    lost = proxy.cut(answer(Api.END_TXN))
    client.send(end_txn(1))
    assert client.answered() is None
    assert server.got == [end_txn(1)]
    lost.wait()
    proxy.check_all_happened()


def test_dropped_frames_leave_the_connection_alone(client: Client, proxy: FaultProxy, server: Broker) -> None:
    proxy.drop(request(Api.END_TXN))
    proxy.drop(answer(Api.END_TXN))
    for correlation in (1, 2, 3):
        client.send(end_txn(correlation))
    assert client.answered() == 3
    assert server.got == [end_txn(2), end_txn(3)]


def test_a_duplicate_is_answered_once(client: Client, proxy: FaultProxy, server: Broker) -> None:
    proxy.duplicate(request(Api.END_TXN))
    client.send(end_txn(1))
    client.send(end_txn(2))
    assert [client.answered(), client.answered()] == [1, 2]
    assert server.got == [end_txn(1), end_txn(1), end_txn(2)]


def test_what_is_lost_does_not_come_back(client: Client, proxy: FaultProxy, server: Broker) -> None:
    gate = proxy.hold(request(Api.END_TXN))
    client.send(end_txn(1))
    gate.wait()
    gate.lose()
    assert client.answered() is None
    assert server.got == []


def test_only_what_fits_is_meant(client: Client, proxy: FaultProxy) -> None:
    others = [proxy.drop(request(Api.END_TXN, client_id="d")), proxy.drop(request(Api.END_TXN, transactional_id="u")),
              proxy.drop(request(Api.END_TXN, commit=False)), proxy.drop(request(Api.END_TXN, holding="another topic")),
              proxy.drop(request(Api.HEARTBEAT))]
    client.send(end_txn(1))
    assert client.answered() == 1
    with pytest.raises(AssertionError, match="never happened"):
        proxy.check_all_happened()
    assert not any(each.hits for each in others)


def test_a_place_is_taken_by_one_and_free_again(proxy: FaultProxy, server: Broker, tmp_path: Path) -> None:
    made: list[FaultProxy] = []
    waiting = threading.Thread(target=lambda: made.append(FaultProxy(tmp_path)), daemon=True)
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    proxy.close()
    wait_for(lambda: made, "its turn")
    made[0].close()
