"""`semel group` and `semel topic offsets`: what they show is what is there, and what they move is moved."""

from __future__ import annotations

import time
from typing import Iterator

import pytest
from cluster import Cluster, Record, unique, wait_for
from confluent_kafka import Consumer, TopicPartition
from conftest import JobFactory, TopicFactory
from job import events, ids
from process import Result, Semel


def tool(semel: Semel, cluster: Cluster, *arguments: str, code: int = 0) -> Result:
    result = semel.run(*arguments, "--brokers", cluster.bootstrap)
    assert result.code == code, result.stdout + result.stderr
    return result


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


# topic offsets

def test_offsets(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    name = topic(partitions=2, retention_ms=-1)  # the brokers would delete what is so old
    cluster.produce(name, [Record(b"x", timestamp=1_700_000_000_000 + 1000 * i) for i in range(10)])
    cluster.delete_records(name, before=3)
    transaction = cluster.transaction()
    transaction.send(name, [Record(b"open")])
    try:
        shown = rows(tool(semel, cluster, "topic", "offsets", name).stdout)
        assert shown == [["TOPIC", "PARTITION", "LOW", "STABLE", "HIGH", "COUNT"],
                         [name, "0", "3", "10", "11", "7"], [name, "1", "0", "0", "0", "0"]]
        at = rows(tool(semel, cluster, "topic", "offsets", name, "--time", "1700000005500").stdout)
        assert at[0][5:] == ["AT-TIME", "COUNT"]
        assert [row[5:] for row in at[1:]] == [["6", "4"], ["0", "0"]]
        iso = rows(tool(semel, cluster, "topic", "offsets", name, "--time", "2023-11-14T22:13:26Z").stdout)
        assert iso[1][5:] == ["6", "4"]
    finally:
        transaction.abort()
    assert "--time soon" in tool(semel, cluster, "topic", "offsets", name, "--time", "soon", code=2).stderr
    assert "there is no topic" in tool(semel, cluster, "topic", "offsets", unique("nowhere"), code=2).stderr


# group list, group describe

@pytest.fixture
def member(cluster: Cluster, topic: TopicFactory) -> Iterator[tuple[str, str, Consumer]]:
    """A topic with ten records in each of two partitions, a group, and its one member, which has committed some."""
    name, group = topic(partitions=2), unique("group")
    for partition in (0, 1):
        cluster.produce(name, events(range(10), partition))
    cluster.set_committed(group, name, {0: 4})
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": group, "client.id": "test-client",
                         "enable.auto.commit": False, "auto.offset.reset": "earliest"})
    consumer.subscribe([name])
    wait_for(lambda: (consumer.poll(0.2), len(consumer.assignment()) == 2)[1], "both partitions")
    yield name, group, consumer
    consumer.close()


def test_describe_a_group_with_a_member(member: tuple[str, str, Consumer], semel: Semel, cluster: Cluster) -> None:
    name, group, _ = member
    text = tool(semel, cluster, "group", "describe", group).stdout
    assert text.startswith(f"{group}: Stable, 1 members, range\n")
    shown = rows(text)
    assert ["test-client", "127.0.0.1", name, "0,1"] in shown
    assert [name, "0", "4", "10", "6"] in shown
    assert [name, "1", "-", "10", "-"] in shown
    assert shown[-1] == ["all", "6"]
    assert [group, "Stable"] in rows(tool(semel, cluster, "group", "list").stdout)


def test_describe_what_is_not_there(semel: Semel, cluster: Cluster) -> None:
    group = unique("nobody")
    refused = tool(semel, cluster, "group", "describe", group, code=2)
    assert f"there is no group {group}" in refused.stderr
    assert "semel group list" in refused.stderr


# group reset

def test_reset_needs_an_empty_group(member: tuple[str, str, Consumer], semel: Semel, cluster: Cluster) -> None:
    name, group, consumer = member
    refused = tool(semel, cluster, "group", "reset", group, "--topic", name, "--to", "beginning", "--execute", code=4)
    assert f"group {group} is in use by test-client" in refused.stderr
    assert cluster.committed(group, name) == {0: 4}
    consumer.close()
    wait_for(lambda: not cluster.members(group), "left")
    tool(semel, cluster, "group", "reset", group, "--topic", name, "--to", "beginning", "--execute")
    assert cluster.committed(group, name) == {0: 0, 1: 0}


@pytest.mark.parametrize("target, expected", [
    ("beginning", 2), ("end", 10), ("7", 7), ("-3", 5), ("-100", 2), ("2023-11-14T22:13:25Z", 5), ("2037-01-01", 10)])
def test_reset(target: str, expected: int, semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    # The brokers would delete records of that age when they next look.
    name, group = topic(partitions=2, retention_ms=-1), unique("group")
    cluster.produce(name, [Record(b"x", timestamp=1_700_000_000_000 + 1000 * i) for i in range(10)])
    cluster.delete_records(name, before=2)
    cluster.set_committed(group, name, {0: 8, 1: 0})
    command = ["group", "reset", group, "--topic", f"{name}:0", "--to", target]
    shown = tool(semel, cluster, *command)
    assert [name, "0", "8", str(expected)] in rows(shown.stdout)
    assert "repeat this with --execute" in shown.stdout
    assert "dedup" not in shown.stderr
    assert cluster.committed(group, name) == {0: 8, 1: 0}
    tool(semel, cluster, *command, "--execute")
    assert cluster.committed(group, name) == {0: expected, 1: 0}


def test_reset_refuses(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    name, group = topic(partitions=2), unique("group")
    cluster.set_committed(group, name, {0: 0})

    def refused(choice: str, target: str) -> str:
        return tool(semel, cluster, "group", "reset", group, "--topic", choice, "--to", target, "--execute", code=2).stderr
    assert "has no partition 2" in refused(f"{name}:2", "end")
    assert "TOPIC:PARTITION" in refused(f"{name}:x", "end")
    assert "there is no topic" in refused(unique("nowhere"), "end")
    assert f"{name} [0]: offset 5 is not there" in refused(name, "5")
    assert f"{name} [1]: the group has no committed offset" in refused(name, "-1")
    assert "--to earliest" in refused(name, "earliest")
    assert cluster.committed(group, name) == {0: 0}


def test_reset_of_a_dedup_says_what_it_takes(job: JobFactory, semel: Semel, cluster: Cluster) -> None:
    main = job()
    cluster.produce(main.source, events(["a", "b"]))
    main.run()
    wait_for(lambda: not cluster.members(main.group), "left")
    moved = tool(semel, cluster, "group", "reset", main.group, "--topic", main.source, "--to", "beginning", "--execute")
    assert "belongs to a semel dedup" in moved.stderr and "--on-reset replay" in moved.stderr
    assert "--on-reset" in main.run(code=4).stderr
    wait_for(lambda: not cluster.members(main.group), "left")
    main.run("--on-reset", "replay")
    assert ids(main.values()) == ["a", "b", "a", "b"]


def test_reset_waits_for_offsets_that_are_not_decided(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    name, group = topic(), unique("group")
    cluster.produce(name, events(range(5)))
    cluster.set_committed(group, name, {0: 1})
    transaction = cluster.transaction()
    transaction.send(name, events(["a"]))
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": group})
    transaction._producer.send_offsets_to_transaction([TopicPartition(name, 0, 4)], consumer.consumer_group_metadata(), 30)
    consumer.close()
    process = semel.start("group", "reset", group, "--topic", name, "--to", "-1", "--brokers", cluster.bootstrap)
    time.sleep(2)
    assert process.running
    transaction.commit()
    done = process.result()
    assert done.code == 0 and [name, "0", "4", "3"] in rows(done.stdout)


def test_reset_makes_a_group_and_says_so(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    name, group = topic(), unique("group")
    cluster.produce(name, events(range(3)))
    shown = tool(semel, cluster, "group", "reset", group, "--topic", name, "--to", "end", "--execute")
    assert f"there is no group {group} yet" in shown.stderr
    assert cluster.committed(group, name) == {0: 3}


def test_nothing_waits_for_ever(semel: Semel) -> None:
    done = semel.run("group", "list", "--brokers", "127.0.0.1:1")
    assert done.code == 3, done.stderr
