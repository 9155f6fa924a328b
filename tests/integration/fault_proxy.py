"""Stands between Kafka's clients and its brokers and does to single requests and answers what networks do.

A test says what is to happen to which frame, and is told when it has happened:

    lost = proxy.cut(answer(Api.END_TXN, commit=True))     # the broker has carried it out; nobody hears of it
    old = proxy.hold(request(Api.END_TXN), nth=3)
    old.wait()
    old.cut()                                              # the client makes a new connection and tries again
    old.release()                                          # now the broker gets the old one too

A frame that is held holds up what comes behind it on its connection, as in TCP. The broker's side of a connection outlives
the client's until all that was sent has been delivered and answered.
"""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Callable, TypeVar

from cluster import DEADLINE, wait_for
from kafka_frames import Api, Request, correlation_of, error_of, parse_request

Value = TypeVar("Value")
TURN = 300.0  # seconds that a test waits until others need a proxy no longer


@dataclass(frozen=True)
class Frame:
    request: Request  # itself, or the one that it answers
    is_answer: bool
    connection: int
    broker: int
    time: float
    error: int | None = None

    def __str__(self) -> str:
        what = f"answer {self.error if self.error is not None else ''} to " if self.is_answer else ""
        return f"{self.time:.3f} connection {self.connection} broker {self.broker}: {what}{self.request}"


@dataclass(frozen=True)
class Seen:
    """A line of the record. Whatever is held comes twice: when it was held, and when it went on."""

    frame: Frame
    fate: str  # passed, held, released, dropped, cut, twice; unheard: an answer whose client is gone

    def __str__(self) -> str:
        return f"{self.frame} [{self.fate}]"


@dataclass(frozen=True)
class Pattern:
    """Which frames are meant."""

    is_answer: bool
    api: Api
    client_id: str = ""
    transactional_id: str = ""
    commit: bool | None = None
    holding: str = ""  # text that is in the request as it is, such as the name of a topic

    def fits(self, frame: Frame, payload: bytes = b"") -> bool:
        request = frame.request
        return (frame.is_answer == self.is_answer and request.api == self.api
                and self.client_id in ("", request.client_id)
                and self.transactional_id in ("", request.transactional_id)
                and self.commit in (None, request.commit)
                and self.holding.encode() in payload)


def request(api: Api, client_id: str = "", transactional_id: str = "", commit: bool | None = None,
            holding: str = "") -> Pattern:
    return Pattern(False, api, client_id, transactional_id, commit, holding)


def answer(api: Api, client_id: str = "", transactional_id: str = "", commit: bool | None = None) -> Pattern:
    return Pattern(True, api, client_id, transactional_id, commit)


class Action(Enum):
    HOLD = "held"
    DROP = "dropped"
    CUT = "cut"
    DUPLICATE = "twice"


class Fault:
    """What happens to frames of one kind: to the `nth` from now on, and to those behind it until it were `times`."""

    def __init__(self, proxy: FaultProxy, pattern: Pattern, action: Action, nth: int, times: int, seconds: float) -> None:
        self.pattern = pattern
        self.action = action
        self.hits: list[Frame] = []
        self._proxy = proxy
        self._before = nth - 1
        self._times = times
        self._seconds = seconds
        self._released = threading.Event()
        self._lost = False

    def wait(self, count: int = 1) -> Frame:
        """Until it has happened so often; the last frame that it happened to."""
        self._proxy.wait(lambda: len(self.hits) >= count, f"{self}, {count} times")
        return self.hits[count - 1]

    def release(self) -> None:
        """What is held goes on, and nothing is held any more."""
        self._times = 0
        self._released.set()

    def lose(self) -> None:
        """What is held is thrown away with the rest of its connection, and nothing is held any more."""
        self._lost = True
        self.release()

    def cut(self) -> None:
        """Closes the clients' connections that the frames came by."""
        for frame in self.hits:
            self._proxy.connection(frame).cut()

    def takes(self, frame: Frame, payload: bytes) -> bool:
        """Called for every frame, by one thread at a time."""
        if len(self.hits) >= self._times or not self.pattern.fits(frame, payload):
            return False
        if self._before > 0:
            self._before -= 1
            return False
        self.hits.append(frame)
        return True

    def delay(self) -> bool:
        """Whether it is to go on then."""
        self._released.wait(self._seconds)
        return not self._lost

    def __str__(self) -> str:
        return f"{self.action.value}: {self.pattern}"


@dataclass
class _Due:
    """An answer that the broker owes."""

    request: Request
    copies: int
    delivered: bool = False


class _Connection:
    """A client's connection and ours to the broker behind it; a thread for each direction."""

    def __init__(self, proxy: FaultProxy, number: int, broker: int, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._number = number
        self._broker = broker
        self._client = client
        self._server = server
        self._lock = threading.Lock()
        self._due: dict[int, _Due] = {}  # by correlation
        self._client_gone = False

    def start(self) -> None:
        for pump in (self._pass_requests, self._pass_answers):
            threading.Thread(target=pump, daemon=True).start()

    def cut(self) -> None:
        """The client's side only."""
        _end(self._client)

    def close(self) -> None:
        _end(self._client)
        _end(self._server)

    def _pass_requests(self) -> None:
        while (payload := read_frame(self._client)) is not None:
            asked = parse_request(payload)
            frame = Frame(asked, False, self._number, self._broker, time.monotonic())
            fault = self._proxy.judge(frame, payload)
            action = fault.action if fault else None
            if action is Action.DROP:
                continue
            if action is Action.CUT:
                break
            if fault and action is Action.HOLD:
                if not fault.delay():
                    break
                self._proxy.note(frame, "released")
            copies = 2 if action is Action.DUPLICATE else 1
            with self._lock:
                self._due[asked.correlation] = _Due(asked, copies)
            for _ in range(copies):
                write_frame(self._server, payload)
        self.cut()  # what is behind a frame that was lost is lost too
        with self._lock:
            self._client_gone = True
        self._end_when_done()
        self._client.close()

    def _pass_answers(self) -> None:
        while (payload := read_frame(self._server)) is not None:
            with self._lock:
                due = self._due[correlation_of(payload)]
                due.copies -= 1
                if due.copies == 0:
                    del self._due[due.request.correlation]
            if not due.delivered:  # a client that asked once is answered once
                due.delivered = True
                self._deliver(due.request, payload)
            self._end_when_done()
        self.cut()
        self._server.close()

    def _deliver(self, asked: Request, payload: bytes) -> None:
        frame = Frame(asked, True, self._number, self._broker, time.monotonic(), error_of(asked, payload))
        fault = self._proxy.judge(frame)
        action = fault.action if fault else None
        if action is Action.CUT:
            self.cut()
        if action in (Action.CUT, Action.DROP):
            return
        if fault and action is Action.HOLD:
            if not fault.delay():
                return
            self._proxy.note(frame, "released")
        if not write_frame(self._client, payload):
            self._proxy.note(frame, "unheard")

    def _end_when_done(self) -> None:
        with self._lock:
            done = self._client_gone and not self._due
        if done:
            _end(self._server)


class FaultProxy:
    """Takes one of the cluster's places for a proxy; waits until there is one that nobody has."""

    def __init__(self, directory: Path) -> None:
        self._lock = threading.Lock()
        self._connections: list[_Connection] = []
        self._faults: list[Fault] = []
        self.record: list[Seen] = []
        self._listeners, behind = wait_for(lambda: _take_place(directory), "a place for a proxy", TURN)
        self.bootstrap = ",".join(f"127.0.0.1:{each.getsockname()[1]}" for each in self._listeners)
        for broker, (listener, port) in enumerate(zip(self._listeners, behind), 1):
            threading.Thread(target=self._accept, args=(listener, broker, port), daemon=True).start()

    # What is to happen

    def hold(self, pattern: Pattern, nth: int = 1, times: int = 1) -> Fault:
        """Until released."""
        return self._add(pattern, Action.HOLD, nth, times, DEADLINE)

    def delay(self, pattern: Pattern, seconds: float, nth: int = 1, times: int = 1) -> Fault:
        return self._add(pattern, Action.HOLD, nth, times, seconds)

    def drop(self, pattern: Pattern, nth: int = 1, times: int = 1) -> Fault:
        """The connection stays; whoever waits for the answer does so until its own time-out."""
        return self._add(pattern, Action.DROP, nth, times)

    def cut(self, pattern: Pattern, nth: int = 1, times: int = 1) -> Fault:
        """The client's connection ends in place of the frame. A request does not reach the broker, an answer comes from it."""
        return self._add(pattern, Action.CUT, nth, times)

    def duplicate(self, pattern: Pattern, nth: int = 1, times: int = 1) -> Fault:
        """The broker gets the request twice and answers twice; the client gets the first answer."""
        assert not pattern.is_answer, "clients do not get answers twice by TCP"
        return self._add(pattern, Action.DUPLICATE, nth, times)

    def _add(self, pattern: Pattern, action: Action, nth: int, times: int, seconds: float = 0) -> Fault:
        fault = Fault(self, pattern, action, nth, times, seconds)
        with self._lock:
            self._faults.append(fault)
        return fault

    # What happened

    def now(self) -> int:
        """A place in the record, for `after`."""
        return len(self.record)

    def seen(self, pattern: Pattern, after: int = 0, fate: str = "passed") -> list[Frame]:
        return [each.frame for each in self.record[after:] if each.fate == fate and pattern.fits(each.frame)]

    def wait_seen(self, pattern: Pattern, after: int = 0, count: int = 1, fate: str = "passed") -> Frame:
        """The `count`-th that has passed since."""
        return self.wait(lambda: self.seen(pattern, after, fate)[count - 1:count], f"{pattern} {fate}")[0]

    def answer_to(self, asked: Frame) -> Frame:
        """Whether or not anybody hears it."""
        def found() -> list[Frame]:
            return [each.frame for each in self.record[:] if each.frame.is_answer
                    and each.frame.connection == asked.connection and each.frame.request == asked.request]
        return self.wait(found, f"the answer to {asked}")[0]

    def wait(self, condition: Callable[[], Value], what: str) -> Value:
        """The condition may look at the record, which only grows."""
        try:
            return wait_for(condition, what)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.tail()}") from None

    def tail(self, lines: int = 60) -> str:
        return "\n".join(str(each) for each in self.record[-lines:])

    def check_all_happened(self) -> None:
        missing = [str(fault) for fault in self._faults if not fault.hits]
        assert not missing, f"never happened: {missing}\n{self.tail()}"

    # For its connections

    def judge(self, frame: Frame, payload: bytes = b"") -> Fault | None:
        with self._lock:
            fault = next((each for each in self._faults if each.takes(frame, payload)), None)
            self.record.append(Seen(frame, fault.action.value if fault else "passed"))
            return fault

    def note(self, frame: Frame, fate: str) -> None:
        self.record.append(Seen(frame, fate))

    def connection(self, frame: Frame) -> _Connection:
        return self._connections[frame.connection]

    def _accept(self, listener: socket.socket, broker: int, port: int) -> None:
        while True:
            try:
                client = listener.accept()[0]
            except OSError:
                return  # closed
            try:
                server = socket.create_connection(("127.0.0.1", port), DEADLINE)
            except OSError:  # a dead broker
                client.close()
                continue
            server.settimeout(None)
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                connection = _Connection(self, len(self._connections), broker, client, server)
                self._connections.append(connection)
            connection.start()

    def close(self) -> None:
        for listener in self._listeners:
            _end(listener)  # wakes the thread that accepts
            listener.close()
        for fault in self._faults:
            fault.lose()
        for connection in self._connections:
            connection.close()


def _take_place(directory: Path) -> tuple[list[socket.socket], list[int]] | None:
    """Who listens on the ports of a place has it."""
    places: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for line in (directory / "proxied").read_text().splitlines():
        number, advertised, behind = line.split()
        places[number].append((int(advertised), int(behind)))
    for ports in places.values():
        listeners: list[socket.socket] = []
        try:
            for advertised, _ in ports:
                listeners.append(socket.create_server(("127.0.0.1", advertised)))
        except OSError as error:
            for each in listeners:
                each.close()
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return listeners, [behind for _, behind in ports]
    return None


def _end(each: socket.socket) -> None:
    try:
        each.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it has ended


def write_frame(to: socket.socket, payload: bytes) -> bool:
    try:
        to.sendall(len(payload).to_bytes(4, "big") + payload)
        return True
    except OSError:
        return False


def read_frame(source: socket.socket) -> bytes | None:
    """Without its length; None at the end."""
    length = _read_exactly(source, 4)
    return None if length is None else _read_exactly(source, int.from_bytes(length, "big"))


def _read_exactly(source: socket.socket, count: int) -> bytes | None:
    data = bytearray(count)
    view = memoryview(data)
    while view:
        try:
            got = source.recv_into(view)
        except OSError:
            return None
        if got == 0:
            return None
        view = view[got:]
    return bytes(data)
