"""`semel produce`: lines and records arrive as they are, once and in order, and what does not arrive is named."""

from __future__ import annotations

import json
import os
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Callable

import pytest
from cluster import DEADLINE, Broker, Cluster, Record, wait_for
from conftest import TopicFactory
from process import Process, Semel


def produce(semel: Semel, cluster: Cluster, topic: str, *options: str, stdin: bytes = b"", code: int = 0) -> Any:
    done = semel.run("produce", topic, *options, "--brokers", cluster.bootstrap, stdin=stdin)
    assert done.code == code, done.stderr
    return done


def values(records: list[Record]) -> list[bytes | None]:
    return [record.value for record in records]


def read(cluster: Cluster, topic: str) -> list[Record]:
    """Of all partitions, one after the other."""
    return [record for records in cluster.read_all(topic).values() for record in records]


def test_lines(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    name = topic()
    done = produce(semel, cluster, name, stdin=b"one\n\ntwo\r\nk\xff\nlast")
    assert done.stderr == "semel produce: sent 5, failed 0\n"
    assert values(read(cluster, name)) == [b"one", b"", b"two\r", b"k\xff", b"last"]


def test_keys_headers_partition_and_files(semel: Semel, cluster: Cluster, topic: TopicFactory, tmp_path: Path) -> None:
    name = topic(partitions=3)
    (tmp_path / "a").write_text("k1::v1\nno key")
    (tmp_path / "b").write_text("::v:3::\n")
    produce(semel, cluster, name, str(tmp_path / "a"), "-", str(tmp_path / "b"), "-K", "::", "--partition", "2",
            "--header", "trace=a=b", "--header", "trace=", stdin=b"k2::\n")
    records = read(cluster, name)
    assert [(r.partition, r.key, r.value) for r in records] == [
        (2, b"k1", b"v1"), (2, None, b"no key"), (2, b"k2", b""), (2, b"", b"v:3::")]
    assert {r.headers for r in records} == {(("trace", b"a=b"), ("trace", b""))}


def test_keys_go_where_java_sends_them(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    name = topic(partitions=4)
    produce(semel, cluster, name, "-K", ":", stdin=b"".join(b"%d:x\n" % i for i in range(100)))
    found = {record.key: record.partition for record in read(cluster, name)}
    assert found == {b"%d" % i: (murmur2(b"%d" % i) & 0x7FFFFFFF) % 4 for i in range(100)}


def murmur2(data: bytes) -> int:
    """As org.apache.kafka.common.utils.Utils.murmur2."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = (0x9747B28C ^ len(data)) & mask
    whole = len(data) // 4 * 4
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i:i + 4], "little") * m & mask
        h = (h * m & mask) ^ ((k ^ k >> 24) * m & mask)
    if rest := data[whole:]:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def test_records(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    name = topic(partitions=2)
    lines = [
        '{"key": "k", "value": "grü\\u00df", "headers": {"a": "1", "b": null}, "timestamp": 1700000000123, "partition": 1}',
        '{"key": {"id": 7}, "value": {"b": 1.50, "a": [18446744073709551616]}, "partition": 1}',
        '{"value": null, "key": "gone", "headers": [["a", "1"], ["a", "2"]], "partition": 1}',
        '{"value": "", "key": null, "partition": 1}',
    ]
    produce(semel, cluster, name, "--format", "json", "--header", "all=x", stdin="\n".join(lines).encode())
    records = read(cluster, name)
    assert [(r.partition, r.key, r.value) for r in records] == [
        (1, b"k", "grüß".encode()),
        (1, b'{"id": 7}', b'{"b": 1.50, "a": [18446744073709551616]}'),
        (1, b"gone", None),
        (1, None, b""),
    ]
    every = ("all", b"x")
    assert [r.headers for r in records] == [
        (every, ("a", b"1"), ("b", None)), (every,), (every, ("a", b"1"), ("a", b"2")), (every,)]
    assert records[0].timestamp == 1700000000123
    assert abs((records[1].timestamp or 0) - time.time() * 1000) < 60_000


@pytest.mark.parametrize("line, says", [
    ("{", "not JSON"), ("[]", "found array"), ('{"key": "k"}', "value is absent"), ('{"value": 1, "valeu": 2}', "valeu"),
    ('{"value": 1, "partition": -1}', "partition"), ('{"value": 1, "timestamp": "now"}', "timestamp"),
    ('{"value": 1, "timestamp": 9223372036854775808}', "timestamp"), ('{"value": 1, "headers": 7}', "headers"),
    ('{"value": 1, "headers": {"a": 7}}', "header"), ('{"value": 1, "value": 2}', "twice"),
])
def test_bad_records_are_named(line: str, says: str, semel: Semel, cluster: Cluster, topic: TopicFactory,
                               tmp_path: Path) -> None:
    name = topic()
    file = tmp_path / "records.jsonl"
    file.write_text(f'{{"value": "first"}}\n{line}\n{{"value": "third"}}\n')
    done = produce(semel, cluster, name, str(file), "--format", "json", code=2)
    assert f"{file}:2: " in done.stderr and says in done.stderr
    assert "sent 1, failed 0" in done.stderr
    assert values(read(cluster, name)) == [b"first"]


def test_envelopes_are_what_python_reads(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    name = topic()
    produce(semel, cluster, name, "--envelope", "--producer-id", "web-1", "-K", ":", stdin="k:grüß \"q\"\nzwei".encode())
    first, second = read(cluster, name)
    assert first.key == b"k"
    envelope = json.loads(first.value or b"")
    assert list(envelope) == ["message_id", "content", "producer_id", "timestamp", "metadata"]
    assert abs(datetime.fromisoformat(envelope.pop("timestamp")).timestamp() - time.time()) < 60
    assert envelope == {"message_id": 1, "content": 'grüß "q"', "producer_id": "web-1", "metadata": {}}
    assert json.loads(second.value or b"")["message_id"] == 2
    refused = produce(semel, cluster, name, "--envelope", stdin=b"good\n\xff\n", code=2)
    assert "standard input:2: envelope: content is not UTF-8" in refused.stderr


def test_a_message_that_is_refused_is_named_and_the_others_go(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    name = topic()
    done = produce(semel, cluster, name, "--summary", "json", stdin=b"a\n" + b"x" * 1_500_000 + b"\nc\n", code=1)
    assert "standard input:2: " in done.stderr and name in done.stderr
    assert done.summary()["sent"] == 2 and done.summary()["failed"] == 1
    assert values(read(cluster, name)) == [b"a", b"c"]


def test_refusals(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    assert "no topic" in produce(semel, cluster, "no-such-topic", stdin=b"a\n", code=2).stderr
    name = topic(partitions=2)
    lost = produce(semel, cluster, name, "--partition", "7", stdin=b"a\nb\n", code=2)
    assert "standard input:1: " in lost.stderr and f"{name} [7]" in lost.stderr
    for options in (["--format", "json", "--envelope"], ["--format", "json", "-K", ":"], ["--header", "x"],
                    ["--partition", "-1"], ["/nonexistent"], ["-X", "dr_msg_cb=1"], ["-X", "sasl.password=x"]):
        produce(semel, cluster, name, *options, stdin=b"", code=2)


def test_any_property_of_a_producer(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    name = topic()
    produce(semel, cluster, name, "-X", "acks=1", "-X", "enable.idempotence=false", "-X", "linger.ms=0",
            "-X", "compression.type=none", "-X", "retries=10", stdin=b"a\n")
    wait_for(lambda: values(read(cluster, name)) == [b"a"], "the followers have it too")


def test_stopped_by_a_signal(semel: Semel, cluster: Cluster, topic: TopicFactory, tmp_path: Path) -> None:
    """A pipe that stays open: what was read is delivered, then the signal ends it."""
    name = topic()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = semel.start("produce", name, str(pipe), "--brokers", cluster.bootstrap)
    with pipe.open("wb") as writer:
        writer.write(b"one\ntwo\nunfini")
        writer.flush()
        wait_for(lambda: cluster.end_offset(name) == 2 or not process.running, "both lines are there")
        process.term()
        assert process.wait() == 0, process.describe()
    assert "sent 2, failed 0" in process.stderr
    assert values(read(cluster, name)) == [b"one", b"two"]


def test_nobody_there(semel: Semel, topic: TopicFactory, cluster: Cluster) -> None:
    done = semel.run("produce", "orders", "--brokers", "127.0.0.1:1", stdin=b"a\n")
    assert done.code == 3 and "127.0.0.1:1" in done.stderr


def feed(process_input: Path, count: int) -> None:
    with process_input.open("wb") as writer:
        for i in range(count):
            writer.write(b"key-%d:%d\n" % (i % 7, i))
            if i % 1000 == 0:
                writer.flush()
                time.sleep(0.2)


def test_a_broker_dies_and_returns(semel: Semel, cluster: Cluster, topic: TopicFactory, tmp_path: Path,
                                   broker: Callable[[int], Broker]) -> None:
    """Nothing is lost, nothing is there twice, and each key's messages are in their order; who reads meanwhile gets all."""
    name = topic(partitions=3, min_insync_replicas=2)
    reader = semel.start("consume", name, "--group", name, "--brokers", cluster.bootstrap)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    count = 60_000
    process: Process = semel.start("produce", name, str(pipe), "-K", ":", "--brokers", cluster.bootstrap)
    writer = threading.Thread(target=feed, args=(pipe, count))
    writer.start()
    wait_for(lambda: sum(cluster.end_offset(name, p) for p in range(3)) > 3000, "it flows")
    broker(2).kill()
    time.sleep(3)
    broker(2).start()
    writer.join(60)
    assert process.wait(150) == 0, process.describe()
    assert f"sent {count}, failed 0" in process.stderr
    by_key: dict[bytes, list[int]] = {}
    for record in read(cluster, name):
        by_key.setdefault(record.key or b"", []).append(int(record.value or b""))
    assert by_key == {b"key-%d" % k: list(range(k, count, 7)) for k in range(7)}
    wait_for(lambda: reader.stdout.count("\n") >= count and len(set(reader.stdout.splitlines())) == count or not reader.running,
             "the reader has all of them")
    reader.term()
    assert reader.wait() == 0, reader.describe()
    wait_for(lambda: cluster.lag(name, name) == 0, "and committed them")


def test_too_few_replicas_for_a_while(semel: Semel, cluster: Cluster, topic: TopicFactory,
                                      broker: Callable[[int], Broker]) -> None:
    """Longer than retries=10 would take: delivered all the same, once."""
    name = topic(partitions=1, min_insync_replicas=3)
    broker(3).kill()
    process = semel.start("produce", name, "--brokers", cluster.bootstrap, stdin=b"".join(b"%d\n" % i for i in range(100)))
    wait_for(lambda: len(cluster.metadata()[name].partitions[0].isrs) == 2, "one replica is out")
    time.sleep(3)  # ten attempts are 1 s
    broker(3).start()
    assert process.wait(120) == 0, process.describe()
    assert "sent 100, failed 0" in process.stderr
    assert values(read(cluster, name)) == [b"%d" % i for i in range(100)]
