"""semel::UniqueConsumer, as the programs of examples/ use it."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from typing import Callable

from cluster import NEWEST_LIBRDKAFKA, Cluster, Record, unique, wait_for
from conftest import TopicFactory
from process import Process, Semel

Examples = Callable[[str], Semel]
RECEIVED = re.compile(r"^received: (.*) partition: (\d+) offset: (\d+)$", re.M)


def events(process: Process) -> list[str]:
    return [event for event, _, _ in RECEIVED.findall(process.stdout)]


def fill(cluster: Cluster, topic: str, names: list[str], partitions: int = 1) -> None:
    """Copies of an event meet in one partition, as with a key."""
    cluster.produce(topic, [Record(name.encode(), partition=sum(name.encode()) % partitions) for name in names])


def test_each_event_once_then_a_count_and_nothing_again_after_a_restart(
        cluster: Cluster, topic: TopicFactory, example: Examples) -> None:
    source, group = topic(partitions=3), unique("unique")
    names = [f"event {i}" for i in range(100)]
    fill(cluster, source, names + names[::3], 3)
    first = example("unique_consumer").start(cluster.bootstrap, source, group)
    wait_for(lambda: len(events(first)) >= 100, "all events")
    time.sleep(1)  # copies would come now
    first.interrupt()
    assert first.wait() == 0
    assert Counter(events(first)) == Counter(names)
    assert first.stdout.endswith("100 messages\n")

    fill(cluster, source, [*names[::7], "event new"], 3)
    second = example("unique_consumer").start(cluster.bootstrap, source, group)
    wait_for(lambda: events(second), "the new event")
    time.sleep(1)
    second.interrupt()
    assert second.wait() == 0
    assert events(second) == ["event new"]


def test_two_of_a_group_share_the_partitions(cluster: Cluster, topic: TopicFactory, example: Examples) -> None:
    source, group = topic(partitions=4), unique("shared")
    pair = [example("unique_consumer").start(cluster.bootstrap, source, group) for _ in range(2)]
    names: list[str] = []
    deadline = time.monotonic() + 60
    while not all(events(each) for each in pair):
        assert time.monotonic() < deadline, "one of them gets nothing"
        more = [f"event {len(names) + i}" for i in range(20)]
        names += more
        fill(cluster, source, more + more, 4)
        time.sleep(0.5)
    wait_for(lambda: sum(len(events(each)) for each in pair) >= len(names), "all events")
    pair[0].term()
    assert pair[0].wait() == 0
    fill(cluster, source, names, 4)  # what one has seen, the other knows
    fill(cluster, source, [f"last {i}" for i in range(8)], 4)
    wait_for(lambda: sum(event.startswith("last") for event in events(pair[1])) == 8, "the last events")
    pair[1].term()
    assert pair[1].wait() == 0
    handed_out = Counter(events(pair[0]) + events(pair[1]))
    if NEWEST_LIBRDKAFKA and any("rolled back" in each.stderr for each in pair):
        # It is cooperative: a commit may meet a rebalance, and that transaction is handed out again.
        handed_out = Counter(set(handed_out))
    assert handed_out == Counter(names + [f"last {i}" for i in range(8)])


def test_killed_it_hands_out_again_what_was_not_committed_and_nothing_else(
        cluster: Cluster, topic: TopicFactory, example: Examples) -> None:
    source, group = topic(), unique("killed")
    names: list[str] = []
    handed_out: list[str] = []
    chance = random.Random(7)
    for _ in range(4):
        more = [f"event {len(names) + i}" for i in range(5000)]
        names += more
        fill(cluster, source, more + more[::4])
        victim = example("unique_consumer").start(cluster.bootstrap, source, group)
        enough = chance.randrange(1, 3000)
        wait_for(lambda: len(events(victim)) > enough, "some events")
        victim.kill9()
        handed_out += events(victim)
    cluster.wait_stable(source)
    committed = cluster.committed(group, source).get(0, 0)
    last = example("unique_consumer").start(cluster.bootstrap, source, group)
    wait_for(lambda: set(handed_out) | set(events(last)) == set(names), "nothing is lost")
    last.interrupt()
    assert last.wait() == 0
    # Of the last start, all is behind what was committed before it, and once.
    assert len(events(last)) == len(set(events(last)))
    assert all(int(offset) >= committed for _, _, offset in RECEIVED.findall(last.stdout))


def test_what_it_sends_in_its_transactions_comes_out_once_whatever_is_killed(
        cluster: Cluster, topic: TopicFactory, example: Examples) -> None:
    source, output, group = topic("numbers", partitions=2), topic("squares", partitions=2), unique("squares")
    numbers: list[str] = []
    chance = random.Random(11)
    for _ in range(5):
        more = [str(len(numbers) + i) for i in range(5000)]
        numbers += more
        fill(cluster, source, more + more[::5], 2)
        end = sum(cluster.end_offset(output, part) for part in range(2))
        victim = example("exactly_once").start(cluster.bootstrap, source, output, group)
        wait_for(lambda: sum(cluster.end_offset(output, part) for part in range(2)) > end, "some squares")
        time.sleep(chance.random() * 0.2)
        victim.kill9()
    last = example("exactly_once").start(cluster.bootstrap, source, output, group)
    ends = {part: cluster.end_offset(source, part) for part in range(2)}
    wait_for(lambda: cluster.committed(group, source) == ends, "all is committed")
    last.term()
    assert last.wait() == 0
    squares = Counter(record.value for part in range(2) for record in cluster.read(output, part))
    assert squares == Counter(str(int(number) ** 2).encode() for number in numbers)


def test_paused_until_others_took_over_it_adds_nothing_when_it_wakes(
        cluster: Cluster, topic: TopicFactory, example: Examples) -> None:
    source, output, group = topic("numbers", partitions=2), topic("squares", partitions=2), unique("paused")
    numbers: list[str] = []

    def more(count: int) -> None:
        added = [str(len(numbers) + i) for i in range(count)]
        numbers.extend(added)
        fill(cluster, source, added + added[::5], 2)

    def written() -> int:
        return sum(cluster.end_offset(output, part) for part in range(2))

    more(5000)
    sleeper = example("exactly_once").start(cluster.bootstrap, source, output, group)
    wait_for(lambda: written() > 0, "the first squares")
    sleeper.pause()
    guest = example("exactly_once").start(cluster.bootstrap, source, output, group)
    more(5000)
    wait_for(lambda: sum(cluster.committed(group, source).values()) >= sum(cluster.end_offset(source, p) for p in range(2)),
             "the guest has done all of it")
    sleeper.cont()
    more(5000)
    wait_for(lambda: cluster.committed(group, source) == {p: cluster.end_offset(source, p) for p in range(2)}, "all is committed")
    for each in (sleeper, guest):
        each.term()
        assert each.wait() == 0
    squares = Counter(record.value for part in range(2) for record in cluster.read(output, part))
    assert squares == Counter(str(int(number) ** 2).encode() for number in numbers)


def test_the_command_writes_each_once_and_goes_on_where_it_was(cluster: Cluster, topic: TopicFactory, semel: Semel) -> None:
    source, group = topic(partitions=3), unique("command")
    names = [f"event {i}" for i in range(200)]
    fill(cluster, source, names + names[::3], 3)
    command = ("consume", source, "--unique", "--key", "value", "--group", group, "--brokers", cluster.bootstrap)
    some = semel.run(*command, "--count", "50")
    rest = semel.run(*command, "--until-end")
    assert (some.code, rest.code) == (0, 0), some.stderr + rest.stderr
    assert len(some.stdout.splitlines()) == 50
    assert Counter(some.stdout.splitlines() + rest.stdout.splitlines()) == Counter(names)
    refused = semel.run(*command, "--partition", "1")
    assert refused.code == 2 and "--unique" in refused.stderr
