"""Does the ground hold? The cluster, and the helpers that every other test believes."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Callable

import pytest
from cluster import Broker, Cluster, Record, wait_for
from conftest import TopicFactory
from confluent_kafka import KafkaException
from process import Semel


def values(records: list[Record]) -> list[bytes | None]:
    return [record.value for record in records]


def test_three_brokers_with_safe_defaults(cluster: Cluster, topic: TopicFactory) -> None:
    metadata = cluster.admin.list_topics(timeout=30)
    assert sorted(metadata.brokers) == [1, 2, 3]
    config = cluster.topic_config(topic())
    assert config["min.insync.replicas"] == "2"
    assert config["unclean.leader.election.enable"] == "false"


def test_topics_are_not_created_by_accident(cluster: Cluster) -> None:
    with pytest.raises(KafkaException):
        cluster.produce("nobody-made-this", [Record(b"x")], {"message.timeout.ms": 3000})
    assert "nobody-made-this" not in cluster.topics()


@pytest.mark.parametrize("compression", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_records_come_back_as_written(cluster: Cluster, topic: TopicFactory, compression: str) -> None:
    name = topic()
    written = [
        Record(b"v", b"k", (("a", b"1"), ("b", None), ("a", b"2"), ("c", b"")), 1_600_000_000_000),
        Record(None, None, (), 1_600_000_000_001),
        Record(b"", b"", (), 1_600_000_000_002),
        Record(b"x" * 500_000, b"\x00\xff", (("", b"\x00"),), 1),
    ]
    assert cluster.produce(name, written, {"compression.type": compression}) == [0, 1, 2, 3]
    assert [r.content() for r in cluster.read(name)] == [w.content() for w in written]


def test_partitions(cluster: Cluster, topic: TopicFactory) -> None:
    name = topic(partitions=3)
    cluster.produce(name, [Record(b"%d" % i, partition=i % 2) for i in range(10)])
    found = cluster.read_all(name)
    assert [values(found[p]) for p in range(3)] == [[b"0", b"2", b"4", b"6", b"8"], [b"1", b"3", b"5", b"7", b"9"], []]
    assert values(cluster.read(name, 1, start=3)) == [b"7", b"9"]


def test_transactions(cluster: Cluster, topic: TopicFactory) -> None:
    name = topic()
    transaction = cluster.transaction()
    transaction.send(name, [Record(b"aborted")])
    transaction.abort()
    transaction.begin()
    transaction.send(name, [Record(b"committed")])
    assert values(cluster.read(name, stable=False)) == []
    transaction.commit()
    assert values(cluster.read(name)) == [b"committed"]
    assert values(cluster.read(name, committed=False)) == [b"aborted", b"committed"]
    assert cluster.end_offset(name) == 4  # two records and two markers


def test_an_open_transaction_holds_the_stable_offset(cluster: Cluster, topic: TopicFactory) -> None:
    name = topic()
    cluster.produce(name, [Record(b"before")])
    transaction = cluster.transaction()
    transaction.send(name, [Record(b"open")])
    cluster.produce(name, [Record(b"behind")])
    assert values(cluster.read(name, stable=False)) == [b"before"]
    with pytest.raises(TimeoutError):
        cluster.read(name, timeout=0.5)
    assert (cluster.end_offset(name, committed=True), cluster.end_offset(name)) == (1, 3)
    transaction.abort()
    assert values(cluster.read(name)) == [b"before", b"behind"]


def test_group_offsets(cluster: Cluster, topic: TopicFactory) -> None:
    name = topic(partitions=2)
    group = f"{name}.group"
    cluster.produce(name, [Record(b"x")] * 5)
    assert cluster.committed(group, name) == {}
    assert cluster.lag(group, name) == 5
    cluster.set_committed(group, name, {0: 3})
    assert cluster.committed(group, name) == {0: 3}
    assert cluster.lag(group, name) == 2
    cluster.set_committed(group, name, {0: 1, 1: 0})
    assert cluster.committed(group, name) == {0: 1, 1: 0}
    assert cluster.members(group) == []
    cluster.delete_group(group)
    assert cluster.committed(group, name) == {}


def test_topic_changes(cluster: Cluster, topic: TopicFactory) -> None:
    name = topic(retention_ms=86_400_000)
    assert cluster.topic_config(name)["retention.ms"] == "86400000"
    cluster.set_topic_config(name, {"max.message.bytes": 2000})
    wait_for(lambda: cluster.topic_config(name)["max.message.bytes"] == "2000", "every broker has heard of it")
    assert cluster.topic_config(name)["retention.ms"] == "86400000"
    with pytest.raises(KafkaException):
        cluster.produce(name, [Record(b"x" * 5000)])
    cluster.produce(name, [Record(b"%d" % i) for i in range(5)])
    cluster.delete_records(name, before=3)
    assert cluster.start_offset(name) == 3
    assert values(cluster.read(name)) == [b"3", b"4"]
    cluster.delete_topic(name)
    cluster.create_topic(name)
    assert cluster.read(name) == []


def test_a_broker_dies_and_returns(cluster: Cluster, topic: TopicFactory, broker: Callable[[int], Broker]) -> None:
    name = topic()
    cluster.produce(name, [Record(b"before")])
    broker(2).kill()
    cluster.produce(name, [Record(b"without")])
    broker(2).start()
    broker(3).pause()
    cluster.produce(name, [Record(b"paused")])
    broker(3).resume()
    cluster.wait_in_sync()
    assert values(cluster.read(name)) == [b"before", b"without", b"paused"]


def test_processes(tmp_path: Path) -> None:
    shell = Semel(Path("/bin/sh"), tmp_path)
    try:
        done = shell.run("-c", "cat; echo $WORD >&2; exit 3", env={"WORD": "hello"}, stdin=b"in")
        assert (done.code, done.stdout, done.stderr) == (3, "in", "hello\n")
        with pytest.raises(TimeoutError):
            shell.run("-c", "exec sleep 60", timeout=0.2)

        killed = shell.start("-c", "echo up >&2; exec sleep 60")
        killed.wait_for_log("up")
        killed.kill9()
        assert killed.wait() == -signal.SIGKILL

        paused = shell.start("-c", "trap 'exit 5' TERM; echo up >&2; while :; do sleep 0.05; done")
        paused.wait_for_log("up")
        paused.pause()
        paused.term()
        time.sleep(0.3)
        assert paused.running
        paused.cont()
        assert paused.wait() == 5

        left = shell.start("-c", "exec sleep 60")
    finally:
        shell.close()
    assert not left.running
