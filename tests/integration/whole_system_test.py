"""HTTP clients -> semel serve -> topic -> semel dedup -> topic -> semel sink postgres -> table, all of it killed in turn.

SEMEL_EVENTS=200000 makes a large run of it, with a round of kills for each 40,000 events; -s shows its result.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from typing import Callable, Iterator, Sequence

import pytest
from cluster import Broker, Cluster, wait_for
from confluent_kafka import KafkaException
from conftest import JobFactory
from http_clients import HttpClients, Post
from job import Job
from postgres import Database
from process import Process, Semel
from redis_server import RedisServer
from server import Server
from sink_job import Sink

EVENTS = int(os.environ.get("SEMEL_EVENTS", 10_000))
ROUNDS = max(1, EVENTS // 40_000)
BATCH = max(10, EVENTS // 2_000)
PARTITIONS = 3
KEY, *MORE_KEYS = [f"json:/{name}" for name in ("userId", "content_id", "event_name", "event_datetime", "sid")]
FURTHER_KEYS = [word for part in MORE_KEYS for word in ("--key", part)]
# Many small transactions: more moments at which something can happen.
FAST = ("--instance", "one", "--commit-interval", "20ms", "-X", "max.partition.fetch.bytes=50000")


def view_event(number: int) -> bytes:
    """Not as a JSON library would write it: each byte has to arrive as it was sent."""
    title = "\\u0441\\/" + "серия " + str(number % 97)
    return (f'{{ "userId":{number % 5_000},"content_id": {number // 5_000}, "event_name":"watch",  "price":{number % 7}.50,'
            f'"event_datetime":"2024-01-01T00:{number // 60 % 60:02}:{number % 60:02}Z","sid":"s-{number:07}",'
            f'"title":"{title}", "position":1e2,"filling":"{"x" * (number % 200)}"}}').encode()


def posts_of(events: Sequence[bytes], choose: random.Random) -> list[Post]:
    """One event or a batch each, and a third of them once more: right after the first, for another client, or later."""
    posts: list[tuple[float, Post]] = []
    first = 0
    while first < len(events):
        post = events[first:first + (1 if len(posts) % 4 == 0 else BATCH)]
        first += len(post)
        posts.append((len(posts), post))
    copies = [(at + choose.choice([0.5, 50.5]), post) for at, post in posts if choose.random() < 1 / 3]
    return [post for _, post in sorted(posts + copies, key=lambda each: each[0])]


class System:
    """All of it, and how to kill each part and bring it back."""

    def __init__(self, semel: Semel, main: Job, database: Database, redis: RedisServer | None,
                 broker: Callable[[int], Broker]) -> None:
        self.main = main
        main.create_output()
        edge = ("--edge-redis", redis.address) if redis else ()
        self.server = Server(main.cluster, semel, "--to", main.source, "--view-event-to", main.source, "--key", KEY, *FURTHER_KEYS, *edge)
        self.dedup = main.start()
        self.sink = Sink(main.cluster, semel, database, main.output, (*FAST, "--column", "event:text=value"))
        self.sinking = self.sink.start()
        self._redis = redis
        self._broker = broker
        self.kills: Counter[str] = Counter()

    @property
    def parts(self) -> list[str]:
        return ["serve", "dedup", "sink", "postgres", "broker"] + (["redis"] if self._redis else [])

    def kill(self, part: str, downtime: float) -> None:
        """SIGKILL; back after so many seconds."""
        begin_again = getattr(self, f"_kill_{part}")()
        time.sleep(downtime)
        begin_again()
        self.kills[part] += 1

    def check_running(self) -> None:
        """None of them has ended by itself."""
        for process in (self.server.process, self.dedup, self.sinking):
            assert process.running, process.describe()

    def _kill_serve(self) -> Callable[[], None]:
        self.server.process.kill9()
        return self.server.start

    def _kill_dedup(self) -> Callable[[], None]:
        def begin_again() -> None:
            self.dedup = self.main.start()
        self.dedup.kill9()
        return begin_again

    def _kill_sink(self) -> Callable[[], None]:
        def begin_again() -> None:
            self.sinking = self.sink.start()
        self.sinking.kill9()
        return begin_again

    def _kill_postgres(self) -> Callable[[], None]:
        self.sink.database.server.kill9()
        return self.sink.database.server.start

    def _kill_redis(self) -> Callable[[], None]:
        assert self._redis
        self._redis.kill9()
        return self._redis.start

    def _kill_broker(self) -> Callable[[], None]:
        def in_sync() -> bool:
            try:
                self.main.cluster.wait_in_sync()
            except KafkaException:
                return False  # its client still asked the last victim
            return True
        wait_for(in_sync, "one broker at a time is what the promise is about")
        victim = self._broker(self.kills["broker"] % 3 + 1)
        victim.kill()
        return victim.start

    def wait_through(self) -> None:
        """Until everything that was taken is in the table."""
        def through() -> bool:
            self.check_running()
            try:
                ends = {p: self.main.cluster.end_offset(self.main.output, p, committed=True) for p in range(PARTITIONS)}
                return self.main.lag() == 0 and self.sink.position() == ends
            except KafkaException:
                return False  # a partition whose leader was killed has no new one yet
        wait_for(through, "all of it is in the table", 60 + EVENTS / 1_000)

    def end(self) -> None:
        for process in (self.server.process, self.dedup, self.sinking):
            process.term()
            assert process.wait(30) == 0, process.describe()


@pytest.fixture(params=["memory", "redis"])
def redis(request: pytest.FixtureRequest) -> Iterator[RedisServer | None]:
    server = RedisServer() if request.param == "redis" else None
    yield server
    if server:
        server.close()


def test_each_event_is_in_the_table_once(redis: RedisServer | None, semel: Semel, job: JobFactory, database: Database,
                                         broker: Callable[[int], Broker]) -> None:
    choose = random.Random(1)
    events = [view_event(number) for number in range(EVENTS)]
    posts = posts_of(events, choose)
    seen = ("--seen", redis.address, "--seen-ttl", "14d") if redis else ()
    began = time.monotonic()
    system = System(semel, job(*FURTHER_KEYS, *FAST, *seen, partitions=PARTITIONS, key=KEY), database, redis, broker)
    clients = HttpClients(system.server, posts)
    try:
        victims = [part for _ in range(ROUNDS) for part in choose.sample(system.parts, len(system.parts))]
        share = len(posts) // len(victims)
        for number, victim in enumerate(victims):
            clients.allow((number + 2) * share)  # so that it flows while the victim is away
            clients.wait_done(number * share + share // 2, system.check_running)
            system.kill(victim, downtime=choose.random() * 2)
        clients.allow(len(posts))
        clients.wait_done(len(posts), system.check_running)
    finally:
        clients.stop()
    system.wait_through()
    system.end()

    rows = Counter(system.sink.database.sql("SELECT event FROM events").encode().split(b"\n"))
    expected = Counter(events)
    result = {"events": EVENTS, "posted": sum(map(len, posts)), "in the topic": sum(
                  system.main.cluster.end_offset(system.main.source, p) for p in range(PARTITIONS)),
              "rows": rows.total(), "lost": (expected - rows).total(), "repeated or foreign": (rows - expected).total(),
              "kills": dict(system.kills), "answers": dict(clients.answers), "seconds": round(time.monotonic() - began, 1)}
    print("\n" + json.dumps(result))
    assert rows == expected, result
    assert all(system.kills[part] == ROUNDS for part in system.parts)
    assert result["in the topic"] > EVENTS, "copies came as far as semel dedup"
