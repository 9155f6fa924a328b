"""Processes come, go and die while events flow; partitions change hands, events do not notice."""

from __future__ import annotations

import random
import time
from typing import Callable

import pytest
from cluster import Broker, Cluster, wait_for
from conftest import JobFactory
from job import Job, Page, events, ids, twice
from process import Process

SEED = 42
LONG_SESSION = ("-X", "session.timeout.ms=180000")  # three times what any test waits: who waits for its end is late


class Worker:
    def __init__(self, job: Job, *flags: str) -> None:
        self.page = Page()
        self.process: Process = job.start(*self.page.flags, *flags)

    def wait_ready(self) -> None:
        self.page.wait_ready(self.process)

    def stop(self) -> None:
        self.process.term()
        assert self.process.wait() == 0, self.process.describe()


def finish(job: Job, stream: Process) -> None:
    stream.term()
    assert stream.wait(60) == 0, stream.describe()
    job.run(timeout=90)
    job.check()


@pytest.mark.parametrize("assignor", ["range", "cooperative-sticky"])
def test_storm(assignor: str, job: JobFactory) -> None:
    """1 -> 4 -> 1 processes, one of them killed and returning under its name."""
    main = job("-X", f"partition.assignment.strategy={assignor}", partitions=4)
    stream = main.start_stream(100_000, seed=SEED, rate=1_000)
    order = random.Random(SEED)
    workers = [Worker(main, "--instance", "w0")]
    workers[0].wait_ready()
    for number in range(1, 4):
        workers.append(Worker(main, "--instance", f"w{number}") if number % 2 else Worker(main))
        time.sleep(order.uniform(0.2, 1.5))
    for each in workers:
        each.wait_ready()
    workers[1].process.kill9()
    time.sleep(order.uniform(0.1, 0.5))
    workers[1] = Worker(main, "--instance", "w1")
    workers[1].wait_ready()
    workers[2].process.kill9()  # has no name: its partitions come free after the session time-out
    workers[2] = Worker(main)
    time.sleep(order.uniform(0.5, 2))
    while len(workers) > 1:
        workers.pop(order.randrange(1, len(workers))).stop()
        time.sleep(order.uniform(0.1, 1))
    assert workers[0].process.running, workers[0].process.describe()
    stream.term()
    assert stream.wait(60) == 0
    main.wait_caught_up()
    workers[0].stop()
    finish(main, stream)


def test_the_group_never_stands_still_for_long(job: JobFactory, cluster: Cluster) -> None:
    """A graceful stop hands over without waiting for the end of a session; how long it takes: ./dev bench."""
    main = job(*LONG_SESSION, partitions=4)
    leaving, staying = Worker(main), Worker(main)
    cluster.produce(main.source, [e for p in range(4) for e in events([f"warm {p}"], partition=p)])
    main.wait_caught_up()
    for each in (leaving, staying):
        each.wait_ready()
    wait_for(lambda: leaving.page.partitions == staying.page.partitions == 2, "they share the partitions")
    leaving.process.term()
    cluster.produce(main.source, [e for p in range(4) for e in events([f"after {p}"], partition=p)])
    wait_for(lambda: main.lag() == 0, "all done by the one that stayed")
    assert leaving.process.wait() == 0, leaving.process.describe()
    staying.stop()
    values = ids(main.values())
    assert len(values) == 8
    assert not twice(values)


def test_a_named_process_returns_at_once(job: JobFactory, cluster: Cluster) -> None:
    """Without the end of its session, which it would wait for without its name."""
    main = job(*LONG_SESSION, partitions=4)
    main.produce(20_000)
    first = Worker(main, "--instance", "one")
    first.wait_ready()
    main.wait_caught_up()
    first.process.kill9()
    cluster.produce(main.source, [e for p in range(4) for e in events([f"after {p}"], partition=p)])
    second = Worker(main, "--instance", "one")
    second.wait_ready()
    wait_for(lambda: main.lag() == 0, "serving again")
    second.stop()
    values = ids(main.values())
    assert {f"after {p}" for p in range(4)} <= set(values)
    assert not twice(values)


def test_a_nameless_process_is_replaced_within_its_session(job: JobFactory, cluster: Cluster) -> None:
    """10 s and what a busy machine adds, not the 300 s of max.poll.interval.ms."""
    main = job(partitions=2)
    victim, other = Worker(main), Worker(main)
    for each in (victim, other):
        each.wait_ready()
    wait_for(lambda: victim.page.partitions == other.page.partitions == 1, "they share the partitions")
    victim.process.kill9()
    cluster.produce(main.source, [e for p in range(2) for e in events([f"after {p}"], partition=p)])
    wait_for(lambda: main.lag() == 0, "taken over")
    other.stop()
    assert sorted(ids(main.values())) == ["after 0", "after 1"]


def test_a_name_serves_one_process(job: JobFactory, cluster: Cluster) -> None:
    """The second one of a name does not steal to and fro for ever: one of the two ends with a text."""
    main = job(partitions=2)
    first = Worker(main, "--instance", "same")
    first.wait_ready()
    second = Worker(main, "--instance", "same")
    wait_for(lambda: not (first.process.running and second.process.running), "one of them ends")
    ended, other = (first, second) if not first.process.running else (second, first)
    assert ended.process.wait() in (1, 4), ended.process.describe()
    assert "same" in ended.process.stderr
    cluster.produce(main.source, events(["x", "x", "y"]))
    wait_for(lambda: main.lag() == 0, "the other goes on")
    other.stop()
    assert ids(main.values()) == ["x", "y"]


def test_a_partition_comes_back(job: JobFactory) -> None:
    """What a revoked partition knew is kept a while; it must not be older than what others did meanwhile."""
    main = job("-X", "partition.assignment.strategy=range", partitions=4)
    stream = main.start_stream(60_000, seed=SEED + 1, rate=1_500)
    staying = Worker(main)
    staying.wait_ready()
    for _ in range(4):
        guest = Worker(main)
        guest.wait_ready()
        time.sleep(0.7)
        guest.stop()
        time.sleep(0.3)
    stream.term()
    assert stream.wait(60) == 0
    main.wait_caught_up()
    staying.stop()
    finish(main, stream)


def test_a_broker_dies_and_returns(job: JobFactory, broker: Callable[[int], Broker], cluster: Cluster) -> None:
    main = job("--commit-interval", "50ms", partitions=3)
    stream = main.start_stream(100_000, seed=SEED + 2, rate=800)
    one, two = Worker(main, "--instance", "one"), Worker(main, "--instance", "two")
    for each in (one, two):
        each.wait_ready()
    time.sleep(1)
    for number in (1, 2, 3):
        broker(number).kill()
        time.sleep(4)
        broker(number).start()
        cluster.wait_in_sync()
    for each in (one, two):
        assert each.process.running, each.process.describe()
    stream.term()
    assert stream.wait(150) == 0, stream.describe()
    main.wait_caught_up(60)
    for each in (one, two):
        each.stop()
    finish(main, stream)


def test_a_paused_broker(job: JobFactory, broker: Callable[[int], Broker], cluster: Cluster) -> None:
    """Requests that nobody answers for a while, the commit among them: unknown outcomes for real."""
    main = job("--commit-interval", "50ms", partitions=3)
    stream = main.start_stream(100_000, seed=SEED + 3, rate=800)
    one = Worker(main, "--instance", "one")
    one.wait_ready()
    for number in (3, 1):
        broker(number).pause()
        time.sleep(6)
        broker(number).resume()
        time.sleep(2)
    assert one.process.running, one.process.describe()
    cluster.wait_in_sync()
    stream.term()
    assert stream.wait(150) == 0, stream.describe()
    main.wait_caught_up(60)
    one.stop()
    finish(main, stream)
