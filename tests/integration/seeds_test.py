"""The walks of docs/seeds, as a reader of these pages would take them."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable

import pytest
from cluster import ROOT, Broker, Cluster, Record, unique, wait_for
from conftest import TopicFactory
from kafka_message import KafkaMessage
from process import Process, Result, Semel

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


EVENTS = [f'{{"a": {10 + i % 11}, "b": {-i}}}' for i in range(100)]
COPIES = 34


def test_000_keyed_by_fingerprint_each_is_received_once(
        cluster: Cluster, topic: TopicFactory, semel: Semel, example: Examples) -> None:
    source, group = topic(partitions=3), unique("my-group")
    sender = example("send_twice").run(cluster.bootstrap, source)
    assert sender.code == 0 and sender.stdout.endswith("134 messages\n"), sender.stderr
    sent = [record for records in cluster.read_all(source).values() for record in records]
    assert len(sent) == 100 + COPIES and {(r.value or b"").decode() for r in sent} == set(EVENTS)
    told = semel.run("fingerprint", "--key", "json:/a", "--key", "json:/b", stdin="".join(f"{e}\n" for e in EVENTS).encode())
    assert {(r.key or b"").decode() for r in sent} == set(told.stdout.split()[1::2])
    consumer = example("unique_consumer").start(cluster.bootstrap, source, group)
    wait_for(lambda: len(handled(consumer, "received")) == 100, "all of them")
    stop(consumer)
    assert sorted(handled(consumer, "received")) == sorted(EVENTS)
    assert consumer.stdout.endswith("100 messages\n")
    again = example("unique_consumer").start(cluster.bootstrap, source, group)
    cluster.produce(source, [Record(json.dumps({"new": p}).encode(), partition=p) for p in range(3)])
    wait_for(lambda: len(handled(again, "received")) >= 3, "what is new")
    stop(again)
    assert sorted(handled(again, "received")) == [json.dumps({"new": p}) for p in range(3)]
    assert again.stdout.endswith("\n3 messages\n")


def test_000_without_a_key_copies_part_and_are_not_found(
        cluster: Cluster, topic: TopicFactory, semel: Semel, example: Examples) -> None:
    source = topic(partitions=3)
    assert example("send_twice").run(cluster.bootstrap, source, "keyless").code == 0
    # Once in each partition: copies that share one are found, the others are not.
    wanted = Counter(event for records in cluster.read_all(source).values() for event in {(r.value or b"").decode() for r in records})
    strays = sum(wanted.values()) - 100
    assert set(wanted) == set(EVENTS) and strays > 0
    consumer = example("unique_consumer").start(cluster.bootstrap, source, unique("my-group"))
    wait_for(lambda: len(handled(consumer, "received")) >= 100 + strays, "all of them")
    stop(consumer)
    assert Counter(handled(consumer, "received")) == wanted
    told = json.loads(semel.run("scan", source, "--json", "--brokers", cluster.bootstrap).stdout)
    assert (told["records"], told["copies"], told["strays"]) == (100 + COPIES, COPIES - strays, strays)


def partitions_of(member: Process) -> set[str]:
    return set(re.findall(r"^handled: .* partition: (\d+)$", member.stdout, re.M))


def test_002_groups_share_and_all_see_all_while_a_broker_is_stopped(
        cluster: Cluster, semel: Semel, example: Examples, broker: Callable[[int], Broker]) -> None:
    source = unique("andrew-topic")
    made = semel.run("topic", "create", source, "--partitions", "3", "--replication", "2", "--brokers", cluster.bootstrap)
    assert made.code == 0, made.stderr
    groups = {kind: [example(f"{kind}_consumer").start(cluster.bootstrap, source, f"{kind}.{source}") for _ in range(2)]
              for kind in ("single", "batch")}
    for kind in groups:
        wait_for(lambda: cluster.settled(f"{kind}.{source}", 2), f"two members share the {kind} group")
    producers = [example("send_envelopes").start(cluster.bootstrap, source, f"producer-{i}", "300", "50") for i in range(2)]
    for members in groups.values():
        wait_for(lambda: set.union(*map(partitions_of, members)) == set("012"), "each partition is read")
        first, second = map(partitions_of, members)
        assert first and second and not first & second, "inside a group each partition has one reader"
    broker(2).stop()
    for each in producers:
        assert each.running and each.stdout.count("delivered: ") < 300, "it has not sent all when the broker is away"
    time.sleep(5)  # what has a replica there waits: both must have a message that is acknowledged
    broker(2).start()
    for each in producers:
        assert each.wait(120) == 0, each.describe()
        assert len(set(re.findall(r"delivered: message (\d+) ", each.stdout))) == 300
    wanted = {f"{i} of producer-{p}: message {i}" for i in range(1, 301) for p in range(2)}
    for kind, members in groups.items():
        wait_for(lambda: set().union(*(handled(each, "handled") for each in members)) == wanted, f"all, in the {kind} group")
        wait_for(lambda: committed_all(cluster, f"{kind}.{source}", source), f"and the {kind} group committed them")
    sizes = [int(size) for each in groups["batch"] for size in re.findall(r"^a batch of (\d+)$", each.stdout, re.M)]
    assert max(sizes) >= 10
    stop(*groups["single"], *groups["batch"])


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


def test_002_programs_on_confluent_kafka_from_pypi(
        cluster: Cluster, topic: TopicFactory, semel: Semel, example: Examples, tmp_path: Path) -> None:
    wheel = ROOT / "build" / "librdkafka" / "wheel"
    assert wheel.is_dir(), "./dev test integration fetches it"
    python = Semel(Path("/usr/bin/python3"), tmp_path)
    program = str(Path(__file__).with_name("kafka_message.py"))

    def run(*arguments: str, stdin: str = "") -> Result:
        done = python.run(program, *arguments, env={"PYTHONPATH": str(wheel)}, stdin=stdin.encode())
        assert done.code == 0, done.stderr
        assert "confluent_kafka 2.16.1" in done.stderr
        return done

    theirs, ours = topic("theirs"), topic("ours")
    run("write", cluster.bootstrap, theirs, stdin="".join(f"{text}\n" for text in CONTENTS))
    reader = example("single_consumer").start(cluster.bootstrap, theirs, unique("pypi"))
    wait_for(lambda: len(handled(reader, "handled")) == len(CONTENTS), "all of them")
    stop(reader)
    assert handled(reader, "handled") == [f"{i} of python: {text}" for i, text in enumerate(CONTENTS)]

    lines = "".join(f"{text}\n" for text in CONTENTS)
    assert semel.run("produce", ours, "--envelope", "--producer-id", "web-1", "--brokers", cluster.bootstrap,
                     stdin=lines.encode()).code == 0
    read = [json.loads(line) for line in run("read", cluster.bootstrap, ours, str(len(CONTENTS))).stdout.splitlines()]
    assert [(m["message_id"], m["content"], m["producer_id"]) for m in read] == [
        (i + 1, text, "web-1") for i, text in enumerate(CONTENTS)]


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


def test_003_the_notebook(cluster: Cluster, topic: TopicFactory, example: Examples) -> None:
    source = topic()
    group1, group3 = unique("group1"), unique("group3")
    messages = [f"Msg {i}" for i in range(25)]

    def notebook(group: str) -> tuple[list[str], list[str]]:
        done = example("notebook").run(cluster.bootstrap, source, group)
        assert done.code == 0, done.stderr
        return tuple(re.findall(rf"^{who}: (.*)$", done.stdout, re.M) for who in (re.escape(group), "from 20"))

    assert notebook(group1) == (messages, messages[20:])
    assert notebook(group3) == (messages * 2, messages[20:] + messages), "another group sees all"
    assert notebook(group1) == (messages * 2, messages[20:] + messages * 2), "the first one has its first 25"


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
    sender = example("send_envelopes").start(cluster.bootstrap, source, "one", "600", "30")

    def delivered() -> int:
        return len(re.findall(r"^delivered: ", sender.stdout, re.M))

    wait_for(lambda: all(len(got(first, how)) >= 20 for how in first), "the first messages")
    broker(3).stop()  # the producer tries again until it is back, or another broker takes over
    before = delivered()
    assert before < 600, "it was not done when the broker was gone"
    wait_for(lambda: delivered() > before, "it goes on without the broker")
    broker(3).start()
    assert sender.wait(120) == 0, sender.describe()
    assert delivered() == 600
    wait_for(lambda: all(len(set(got(first, how))) == 600 for how in first), "all messages")
    stop(*first.values())
    assert example("send_envelopes").run(cluster.bootstrap, source, "two", "30").code == 0
    second = start()
    wait_for(lambda: all(len(got(second, how)) >= 30 for how in second), "the new messages")
    stop(*second.values())
    for how in second:
        assert len(got(second, how)) == 30, "they were stopped in peace, so none comes again"
