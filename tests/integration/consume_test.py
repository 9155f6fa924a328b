"""semel consume against real brokers: places, commits, groups, crashes, transactions, formats."""

from __future__ import annotations

import json
import os
import subprocess
import time

import pytest
from cluster import Cluster, Record, unique, wait_for
from conftest import TopicFactory
from process import Process, Result, Semel


def records(first: int, last: int, partition: int = 0) -> list[Record]:
    """Old ones: topics need retention_ms=-1, or brokers delete them at their next look."""
    return [Record(value=str(i).encode(), key=b"k", timestamp=1_700_000_000_000 + i, partition=partition)
            for i in range(first, last)]


def values(first: int, last: int) -> list[str]:
    return [str(i) for i in range(first, last)]


class Reader:
    """semel consume of one topic."""

    def __init__(self, semel: Semel, cluster: Cluster, topic: str, *options: str) -> None:
        self._semel = semel
        self._arguments = ["consume", topic, "--brokers", cluster.bootstrap, *options]

    @property
    def command(self) -> list[str]:
        return [str(self._semel.binary), *self._arguments]

    def start(self, *options: str) -> Process:
        return self._semel.start(*self._arguments, *options)

    def run(self, *options: str) -> Result:
        done = self._semel.run(*self._arguments, *options)
        assert done.code == 0, done.stderr
        return done

    def lines(self, *options: str) -> list[str]:
        return self.run(*options).stdout.splitlines()


@pytest.mark.parametrize("place,expected", [
    ("beginning", values(0, 50)), ("end", []), ("47", values(47, 50)),
    ("2023-11-14T22:13:20.045Z", values(45, 50)), ("s@1700000000048", values(48, 50)), ("2026-01-01", [])])
def test_places(semel: Semel, cluster: Cluster, topic: TopicFactory, place: str, expected: list[str]) -> None:
    name = topic(retention_ms=-1)
    cluster.produce(name, records(0, 50))
    reader = Reader(semel, cluster, name, "--until-end")
    assert reader.lines("--from", place) == expected


def test_one_partition_and_a_count(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    name = topic(partitions=2, retention_ms=-1)
    cluster.produce(name, records(0, 5, 0) + records(5, 20, 1))
    reader = Reader(semel, cluster, name)
    assert sorted(reader.lines("--until-end"), key=int) == values(0, 20)
    done = reader.run("-p", "1", "-c", "3")
    assert done.stdout.splitlines() == values(5, 8)
    assert "3 messages" in done.stderr


@pytest.mark.parametrize("mode", ["pull", "push", "single", "batch"])
def test_a_group_goes_on_where_it_was(semel: Semel, cluster: Cluster, topic: TopicFactory, mode: str) -> None:
    name, group = topic(retention_ms=-1), unique("group")
    cluster.produce(name, records(0, 20))
    reader = Reader(semel, cluster, name, "--group", group, "--mode", mode)
    first = reader.lines("--count", "10")
    assert first == values(0, len(first)) and len(first) >= 10
    assert mode == "batch" or len(first) == 10
    assert cluster.committed(group, name) == {0: len(first)}
    assert reader.lines("--until-end") == values(len(first), 20)
    assert cluster.committed(group, name) == {0: 20}


def test_without_a_group_nothing_is_committed(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    name = topic(retention_ms=-1)
    cluster.produce(name, records(0, 5))
    assert Reader(semel, cluster, name).lines("-e") == values(0, 5)
    assert cluster.committed("semel", name) == {}


@pytest.mark.parametrize("options", [[], ["-X", "group.instance.id={}"], ["-X", "partition.assignment.strategy=cooperative-sticky"]],
                         ids=["dynamic", "static", "cooperative"])
def test_members_share_and_take_over_at_once(semel: Semel, cluster: Cluster, topic: TopicFactory, options: list[str]) -> None:
    name, group = topic(partitions=2, retention_ms=-1), unique("group")
    # A session far longer than the test waits: who goes has to say so.
    reader = Reader(semel, cluster, name, "--group", group, "-X", "session.timeout.ms=180000")
    one, two = (reader.start(*[option.format(i) for option in options]) for i in "12")
    wait_for(lambda: len(cluster.members(group)) == 2, "two members")
    sent = 0

    def send(count: int) -> None:
        nonlocal sent
        cluster.produce(name, records(sent, sent + count, 0) + records(sent, sent + count, 1))
        sent += count

    def both() -> bool:
        send(1)
        return bool(one.stdout) and bool(two.stdout)
    wait_for(both, "both read")
    one.term()
    assert one.wait() == 0, one.describe()
    send(5)
    wait_for(lambda: len((one.stdout + two.stdout).splitlines()) >= 2 * sent, "the other one takes over")
    two.term()
    assert two.wait() == 0, two.describe()
    assert "messages" in two.stderr
    assert sorted((one.stdout + two.stdout).splitlines(), key=int) == sorted(values(0, sent) * 2, key=int)
    assert cluster.lag(group, name) == 0


@pytest.mark.parametrize("mode", ["pull", "push"])
def test_what_is_committed_during_a_long_rebalance_stays_committed(semel: Semel, cluster: Cluster, topic: TopicFactory,
                                                                   mode: str) -> None:
    """A member that keeps its partitions reads on while the group waits for another one, and repeats nothing."""
    name, group = topic(partitions=2, retention_ms=-1), unique("group")
    reader = Reader(semel, cluster, name, "--group", group, "--mode", mode, "-X", "session.timeout.ms=180000",
                    "-X", "partition.assignment.strategy=cooperative-sticky")
    members = [reader.start(), reader.start()]
    wait_for(lambda: len(cluster.members(group)) == 2, "two members")
    sent = 0

    def send(count: int) -> None:
        nonlocal sent
        cluster.produce(name, records(sent, sent + count, 0) + records(sent, sent + count, 1))
        sent += count

    def all_read() -> bool:
        send(1)
        return all(member.stdout for member in members)
    wait_for(all_read, "both read")
    steady, late = members
    late.pause()
    members.append(reader.start())  # the group waits for the paused one
    before = len(steady.stdout.splitlines())
    for _ in range(6):  # long enough for commits, which happen once a second
        send(1)
        time.sleep(0.5)
    assert len(steady.stdout.splitlines()) > before, "it reads on"
    late.cont()
    wait_for(lambda: len(cluster.members(group)) == 3, "three members")
    send(5)
    wait_for(lambda: sum(len(member.stdout.splitlines()) for member in members) >= 2 * sent, "all of it is read")
    for member in members:
        member.term()
        assert member.wait() == 0, member.describe()
    assert sorted("".join(member.stdout for member in members).splitlines(), key=int) == sorted(values(0, sent) * 2, key=int)
    assert cluster.lag(group, name) == 0


@pytest.mark.parametrize("mode", ["pull", "push", "single"])
def test_a_name_that_another_member_takes_stops(semel: Semel, cluster: Cluster, topic: TopicFactory, mode: str) -> None:
    name, group = topic(), unique("group")
    cluster.produce(name, [Record(value=b"0")])
    reader = Reader(semel, cluster, name, "--group", group, "-X", "group.instance.id=same")
    fenced = reader.start("--mode", mode)
    wait_for(lambda: cluster.committed(group, name) == {0: 1}, "the first one works")
    heir = reader.start()
    assert fenced.wait() == 4, fenced.describe()
    assert "same" in fenced.stderr and group in fenced.stderr
    cluster.produce(name, [Record(value=b"1")])
    wait_for(lambda: heir.stdout == "1\n", "the second one goes on")


def test_a_topic_that_begins_to_match_is_read_too(semel: Semel, cluster: Cluster) -> None:
    prefix = unique("matching")
    cluster.create_topic(f"{prefix}.one")
    reader = Reader(semel, cluster, f"^{prefix}[.]", "--group", prefix, "-X", "topic.metadata.refresh.interval.ms=500").start()
    cluster.produce(f"{prefix}.one", [Record(value=b"1")])
    wait_for(lambda: reader.stdout == "1\n", "the topic that is there")
    cluster.create_topic(f"{prefix}.two")
    cluster.produce(f"{prefix}.two", [Record(value=b"2")])
    wait_for(lambda: reader.stdout == "1\n2\n", "the new one")


@pytest.mark.parametrize("mode", ["pull", "push"])
def test_nothing_is_lost_by_kill_9(semel: Semel, cluster: Cluster, topic: TopicFactory, mode: str) -> None:
    """It writes 2 MB into a pipe of 64 KiB, and is killed at its first commit: it cannot be done by then."""
    name, group = topic(), unique("group")
    lines = [f"{i:0200}" for i in range(10_000)]
    cluster.produce(name, [Record(value=line.encode()) for line in lines])
    # With a name: the next one need not wait for the session to end.
    reader = Reader(semel, cluster, name, "--group", group, "--mode", mode, "-X", "group.instance.id=one")
    with subprocess.Popen(reader.command, stdout=subprocess.PIPE, bufsize=0) as one:
        assert one.stdout is not None
        os.set_blocking(one.stdout.fileno(), False)
        try:
            written = b""

            def committed() -> bool:
                nonlocal written
                written += one.stdout.read(20_000) or b""  # it commits between messages, hence makes no progress without
                return bool(cluster.committed(group, name))
            wait_for(committed, "the first commit")
        finally:
            one.kill()
            one.wait(60)
        written += one.stdout.read()
    seen = written[:written.rfind(b"\n") + 1].decode().splitlines()  # the last line may be half of one
    assert seen == lines[:len(seen)]
    assert len(seen) < len(lines)
    first = cluster.committed(group, name)[0]
    assert 0 < first <= len(seen)
    assert reader.lines("--until-end") == lines[first:]


def test_a_write_that_fails_is_not_committed(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    name, group = topic(retention_ms=-1), unique("group")
    cluster.produce(name, records(0, 100))
    for mode in ("pull", "push", "single", "batch"):
        reader = Reader(semel, cluster, name, "--group", group, "--mode", mode)
        with open("/dev/full", "wb") as full:
            done = subprocess.run(reader.command, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
        assert done.returncode == 1, done.stderr
        assert b"cannot write" in done.stderr
        assert cluster.committed(group, name) == {}, mode


def test_a_closed_pipe_ends_it(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    name = topic(retention_ms=-1)
    cluster.produce(name, [Record(value=b"x" * 1000) for _ in range(2000)])
    line = f"'{semel.binary}' consume {name} --brokers {cluster.bootstrap} | head -2; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, timeout=60, check=False)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 2), done.stderr


def test_committed_and_uncommitted(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    name = topic(retention_ms=-1)
    aborted = cluster.transaction()
    aborted.send(name, records(0, 3))
    aborted.abort()
    done = cluster.transaction()
    done.send(name, records(3, 6))
    done.commit()
    cluster.wait_stable(name)
    opened = cluster.transaction()
    opened.send(name, records(6, 9))
    reader = Reader(semel, cluster, name, "--until-end")
    assert reader.lines() == values(3, 6)
    assert reader.lines("--read", "uncommitted") == values(0, 9)
    opened.abort()


def test_formats(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    name = topic(retention_ms=-1)
    cluster.produce(name, [
        Record(value="grüße".encode(), key=b"a", timestamp=1_700_000_000_123, headers=(("h", b"1"), ("h", None))),
        Record(value=b"\xff\x00", key=None, timestamp=1_700_000_000_124),
        Record(value=None, key=b"gone", timestamp=1_700_000_000_125)])
    reader = Reader(semel, cluster, name, "--until-end")
    assert reader.run("-K", ":").stdout.splitlines()[::2] == ["a:grüße", "gone:"]
    assert [json.loads(line) for line in reader.lines("--output", "json")] == [
        {"topic": name, "partition": 0, "offset": 0, "timestamp": 1_700_000_000_123, "key": "a", "value": "grüße",
         "headers": [{"name": "h", "value": "1"}, {"name": "h", "value": None}]},
        {"topic": name, "partition": 0, "offset": 1, "timestamp": 1_700_000_000_124, "key": None,
         "value": {"base64": "/wA="}, "headers": []},
        {"topic": name, "partition": 0, "offset": 2, "timestamp": 1_700_000_000_125, "key": "gone", "value": None,
         "headers": []}]
    assert reader.run("--template", r"%t/%p/%o\t%k=%S %h %T%%\x21\n", "-c", "1").stdout == (
        f"{name}/0/0\ta=7 h=1,h=NULL 1700000000123%!\n")


def test_an_offset_that_is_not_there_stops(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    name = topic(retention_ms=-1)
    cluster.produce(name, records(0, 5))
    done = semel.run("consume", name, "--brokers", cluster.bootstrap, "--from", "70")
    assert done.code == 4
    assert f"{name} [0]: offset 70 is not there; the log is from 0 to 5" in done.stderr


@pytest.mark.parametrize("options", [
    ["--from", "yesterday"], ["--mode", "push"], ["--mode", "nonsense"], ["--template", "%y"], ["--template", r"\q"],
    ["--output", "json", "-K", ":"], ["-X", "enable.auto.commit=true"], ["--partition", "9"], ["-X", "no.such=1"]])
def test_what_makes_no_sense_is_refused(semel: Semel, cluster: Cluster, topic: TopicFactory, options: list[str]) -> None:
    done = semel.run("consume", topic(retention_ms=-1), "--brokers", cluster.bootstrap, *options)
    assert (done.code, done.stdout) == (2, ""), done.stderr


@pytest.mark.parametrize("options", [[], ["--group", "nobody"], ["--group", "nobody", "--mode", "push"]])
def test_no_such_topic(semel: Semel, cluster: Cluster, options: list[str]) -> None:
    done = semel.run("consume", "no.such.topic", "--brokers", cluster.bootstrap, *options)
    assert done.code == 2
    assert "there is no topic no.such.topic" in done.stderr
