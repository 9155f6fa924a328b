"""The walks of docs/seeds, as a reader of these pages would take them."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any, Callable

import pytest
from cluster import Broker, Cluster, Record, unique, wait_for
from conftest import TopicFactory
from process import Process, Semel

Examples = Callable[[str], Semel]


def handled(process: Process, what: str) -> list[str]:
    return re.findall(rf"^{what}: (.*?)(?: partition: .*)?$", process.stdout, re.M)


def stop(*processes: Process) -> None:
    for process in processes:
        process.interrupt()
    for process in processes:
        assert process.wait() == 0, process.describe()


def committed_all(cluster: Cluster, group: str, source: str) -> bool:
    ends = {p: cluster.end_offset(source, p) for p in range(cluster.topics()[source])}
    committed = cluster.committed(group, source)
    return all(committed.get(p, 0) == end for p, end in ends.items())


def test_000_keyed_by_fingerprint_each_is_received_once(
        cluster: Cluster, topic: TopicFactory, semel: Semel, example: Examples) -> None:
    events = [json.dumps({"a": 10 + i % 11, "b": -i}) for i in range(100)]
    lines = "".join(event + "\n" for event in events + events[:30]).encode()
    source, group = topic(partitions=3), unique("my-group")
    brokers = ("--brokers", cluster.bootstrap)
    fingerprints = semel.run("fingerprint", "--key", "json:/a", "--key", "json:/b", stdin=lines).stdout.split()[1::2]
    keyed = "".join(f"{key}|{event}\n" for key, event in zip(fingerprints, lines.decode().splitlines(), strict=True)).encode()
    assert "sent 130" in semel.run("produce", source, "-K", "|", *brokers, stdin=keyed).stderr
    consumer = example("unique_consumer").start(cluster.bootstrap, source, group)
    wait_for(lambda: len(handled(consumer, "received")) == 100, "all of them")
    stop(consumer)
    assert consumer.stdout.endswith("100 messages\n")
    again = example("unique_consumer").start(cluster.bootstrap, source, group)
    cluster.produce(source, [Record(json.dumps({"new": p}).encode(), partition=p) for p in range(3)])
    wait_for(lambda: len(handled(again, "received")) >= 3, "what is new")
    stop(again)
    assert sorted(handled(again, "received")) == [json.dumps({"new": p}) for p in range(3)]
    assert again.stdout.endswith("\n3 messages\n")


def test_000_without_a_key_copies_part_and_are_not_found(
        cluster: Cluster, topic: TopicFactory, semel: Semel, example: Examples) -> None:
    events = [json.dumps({"a": 10 + i % 11, "b": -i}) for i in range(100)]
    lines = "".join(event + "\n" for event in events + events[:30]).encode()
    source = topic(partitions=3)
    brokers = ("--brokers", cluster.bootstrap)
    assert semel.run("produce", source, "-X", "sticky.partitioning.linger.ms=0", *brokers, stdin=lines).code == 0
    # Once in each partition: copies that share one are found, the others are not.
    wanted = Counter(event for records in cluster.read_all(source).values() for event in {(r.value or b"").decode() for r in records})
    strays = sum(wanted.values()) - 100
    assert set(wanted) == set(events) and strays > 0
    consumer = example("unique_consumer").start(cluster.bootstrap, source, unique("my-group"))
    wait_for(lambda: len(handled(consumer, "received")) >= 100 + strays, "all of them")
    stop(consumer)
    assert Counter(handled(consumer, "received")) == wanted
    told = json.loads(semel.run("scan", source, "--json", *brokers).stdout)
    assert (told["records"], told["copies"], told["strays"]) == (130, 30 - strays, strays)


def test_002_groups_share_and_all_see_all_while_a_broker_is_stopped(
        cluster: Cluster, semel: Semel, example: Examples, broker: Callable[[int], Broker]) -> None:
    source = unique("andrew-topic")
    made = semel.run("topic", "create", source, "--partitions", "3", "--replication", "2", "--brokers", cluster.bootstrap)
    assert made.code == 0, made.stderr
    singles = [example("single_consumer").start(cluster.bootstrap, source, f"single.{source}") for _ in range(2)]
    batches = [example("batch_consumer").start(cluster.bootstrap, source, f"batch.{source}") for _ in range(2)]
    producers = [example("send_envelopes").start(cluster.bootstrap, source, f"producer-{i}", "200", "50") for i in range(2)]
    wait_for(lambda: all("delivered" in each.stdout for each in producers), "the first messages")
    broker(2).stop()
    time.sleep(5)  # what has a replica there waits: both must have a message that is acknowledged
    broker(2).start()
    for each in producers:
        assert each.wait(120) == 0, each.describe()
        assert len(set(re.findall(r"delivered: message (\d+) ", each.stdout))) == 200
    wanted = Counter(f"{i} of producer-{p}: message {i}" for i in range(1, 201) for p in range(2))
    wait_for(lambda: set(sum((handled(each, "handled") for each in singles), [])) == set(wanted), "all, one by one")
    batched = lambda: sum(int(n) for each in batches for n in re.findall(r"handled a batch of (\d+)", each.stdout))
    wait_for(lambda: batched() >= 400, "all, in batches")
    wait_for(lambda: committed_all(cluster, f"batch.{source}", source), "the batches are committed")
    stop(*singles, *batches)


@dataclass
class KafkaMessage:
    """As the Python programs of that walk have it; what they do not know they refuse."""

    message_id: int
    content: str
    producer_id: str
    timestamp: str
    metadata: dict[str, Any]

    def serialize(self, **how: Any) -> str:
        return json.dumps(asdict(self), **how)

    @classmethod
    def deserialize(cls, text: bytes | None) -> KafkaMessage:
        return cls(**json.loads(text or b""))


CONTENTS = ["plain", 'grüße "quoted" \\ and \t', "🚀 звезда", ""]


def test_002_python_programs_are_read(cluster: Cluster, topic: TopicFactory, semel: Semel, example: Examples) -> None:
    source = topic()
    metadata = {"nested": {"list": [1, 2.5, None, True], "ключ": "\u2028"}}
    messages = [KafkaMessage(i, text, "producer-ü", datetime.now().isoformat(), metadata) for i, text in enumerate(CONTENTS)]
    written = [messages[i].serialize(**how) for how in ({}, {"ensure_ascii": False}, {"indent": 2}) for i in range(len(messages))]
    cluster.produce(source, [Record(text.encode()) for text in written],
                    {"acks": "all", "retries": 10, "delivery.timeout.ms": 120_000, "compression.type": "lz4"})
    reader = example("single_consumer").start(cluster.bootstrap, source, unique("python"))
    wanted = [f"{i} of producer-ü: {text}" for i, text in enumerate(CONTENTS)] * 3
    wait_for(lambda: len(handled(reader, "handled")) == len(wanted), "all of them")
    stop(reader)
    assert handled(reader, "handled") == wanted


def test_002_python_programs_read_us(cluster: Cluster, topic: TopicFactory, semel: Semel, example: Examples) -> None:
    source = topic()
    brokers = ("--brokers", cluster.bootstrap)
    assert example("send_envelopes").run(cluster.bootstrap, source, "producer-ü", "3").code == 0
    lines = "".join(f"{text}\n" for text in CONTENTS).encode()
    assert semel.run("produce", source, "--envelope", "--producer-id", "web-1", *brokers, stdin=lines).code == 0
    found = [KafkaMessage.deserialize(record.value) for record in cluster.read(source)]
    assert [(m.message_id, m.content, m.producer_id, m.metadata) for m in found] == [
        *((i, f"message {i}", "producer-ü", {}) for i in (1, 2, 3)),
        *((i + 1, text, "web-1", {}) for i, text in enumerate(CONTENTS))]
    assert all(abs((datetime.now(timezone.utc) - datetime.fromisoformat(m.timestamp)).total_seconds()) < 600 for m in found)


@pytest.mark.parametrize(("semantics", "times"), [("at-most-once", 0), ("at-least-once", 1)])
def test_003_a_crash_loses_or_repeats_the_message_it_was_in(
        cluster: Cluster, topic: TopicFactory, semel: Semel, example: Examples, semantics: str, times: int) -> None:
    source, group = topic(), unique(semantics)
    messages = [f"Msg {i}" for i in range(25)]
    semel.run("produce", source, "--brokers", cluster.bootstrap, stdin="".join(f"{m}\n" for m in messages).encode())
    crashed = example("semantics").run(semantics, cluster.bootstrap, source, group, "Msg 7")
    assert crashed.code == 9
    after = example("semantics").run(semantics, cluster.bootstrap, source, group)
    assert after.code == 0, after.stderr
    done = Counter(re.findall(r"^handled: (.*)$", crashed.stdout + after.stdout, re.M))
    assert done["Msg 7"] == times
    assert all(done[message] == 1 for message in messages if message != "Msg 7")
    begun = Counter(re.findall(r"^begins: (.*)$", crashed.stdout + after.stdout, re.M))
    assert begun["Msg 7"] == 1 + times  # at least once: it was begun twice


def test_003_assign_seek_and_groups(cluster: Cluster, topic: TopicFactory, semel: Semel) -> None:
    source = topic()
    brokers = ("--brokers", cluster.bootstrap)
    semel.run("produce", source, *brokers, stdin="".join(f"Msg {i}\n" for i in range(25)).encode())

    def consume(*arguments: str) -> list[str]:
        done = semel.run("consume", source, "--until-end", *arguments, *brokers)
        assert done.code == 0, done.stderr
        return done.stdout.splitlines()

    everything = [f"Msg {i}" for i in range(25)]
    for group in ("group1", "group3"):
        assert consume("--group", unique(group), "--from", "beginning") == everything
    assert consume("--partition", "0", "--from", "20") == everything[20:]
    kept = unique("kept")
    assert consume("--group", kept, "--from", "beginning", "--count", "10") == everything[:10]
    assert consume("--group", kept) == everything[10:]


def test_004_pull_and_push_get_everything_and_go_on_where_they_were(
        cluster: Cluster, topic: TopicFactory, semel: Semel, example: Examples, broker: Callable[[int], Broker]) -> None:
    source = topic(partitions=3)

    def start() -> dict[str, Process]:
        return {how: example(f"{how}_consumer").start(cluster.bootstrap, source, f"{how}.{source}") for how in ("pull", "push")}

    def got(consumers: dict[str, Process], how: str) -> list[str]:
        return handled(consumers[how], f"{how}ed")

    first = start()
    sender = example("send_envelopes").start(cluster.bootstrap, source, "one", "100", "30")
    wait_for(lambda: all(len(got(first, how)) >= 20 for how in first), "the first messages")
    broker(3).stop()  # the producer tries again until it is back, or another broker takes over
    assert sender.wait(120) == 0, sender.describe()
    broker(3).start()
    wait_for(lambda: all(len(set(got(first, how))) == 100 for how in first), "all messages")
    stop(*first.values())
    assert example("send_envelopes").run(cluster.bootstrap, source, "two", "30").code == 0
    second = start()
    wait_for(lambda: all(len(got(second, how)) >= 30 for how in second), "the new messages")
    stop(*second.values())
    for how in second:
        assert len(got(second, how)) == 30, "they were stopped in peace, so none comes again"
