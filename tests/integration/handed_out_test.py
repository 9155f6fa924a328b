"""semel::UniqueConsumer and semel::TransactionalConsumer, call by call."""

from __future__ import annotations

import time

import pytest
from cluster import Cluster, Record, unique, wait_for
from conftest import DriverFactory, TopicFactory

both = pytest.mark.parametrize("kind", ["unique", "transactional"])
NAMED = "instance=one"  # comes back without waiting for the end of a session
HOUR = 3_600_000


def put(cluster: Cluster, topic: str, *values: str, partition: int = 0) -> None:
    cluster.produce(topic, [Record(value.encode(), partition=partition) for value in values])


def written(cluster: Cluster, topic: str) -> list[str]:
    return [(record.value or b"").decode() for record in cluster.read(topic)]


def test_a_commit_by_hand_holds_all_that_was_handed_out_and_no_more(
        cluster: Cluster, topic: TopicFactory, driver: DriverFactory) -> None:
    source, group = topic(), unique("hand")
    put(cluster, source, "a", "a", "b", "c")
    consumer = driver("unique", source, group, NAMED, "by_hand=1")
    assert consumer.values(2) == ["a", "b"]
    assert consumer("counts") == "read=0 unique=0 duplicates=0 missing=0 invalid=0 late=0"
    assert consumer("commit") == "ok"
    assert consumer("counts") == "read=3 unique=2 duplicates=1 missing=0 invalid=0 late=0"
    assert consumer.values(1) == ["c"]
    assert consumer("poll 300") == "none"  # longer than the interval by which others commit
    consumer.kill9()
    assert cluster.committed(group, source) == {0: 3}

    again = driver("unique", source, group, NAMED, "by_hand=1")
    assert again.values(1) == ["c"]
    assert again("close") == "ok"
    put(cluster, source, "b", "d")
    assert driver("unique", source, group, NAMED).values(1) == ["d"]


@both
def test_rolled_back_its_messages_come_again_and_nothing_that_was_sent_is_seen(
        cluster: Cluster, topic: TopicFactory, driver: DriverFactory, kind: str) -> None:
    source, output, group = topic("in"), topic("out"), unique("back")
    put(cluster, source, "a", "b", "c", "d")
    consumer = driver(kind, source, group, NAMED, "by_hand=1", f"output={output}")
    assert consumer.values(1) == ["a"]
    assert consumer(f"send {output} A") == "ok"
    assert consumer("commit") == "ok"
    assert consumer.values(2) == ["b", "c"]
    assert consumer(f"send {output} lost") == "ok"
    cluster.transaction(f"{group}-one-0")  # another takes the name: the open one is aborted
    assert consumer("commit").startswith("error abort ")
    counted = consumer("counts")
    assert consumer(f"send {output} alone").startswith("error abort "), "nothing that it could go with was handed out"
    assert consumer("commit") == "ok"
    assert consumer("counts") == counted
    assert consumer("status") == "ok"

    assert consumer.values(3) == ["b", "c", "d"]
    assert consumer(f"send {output} BCD") == "ok"
    assert consumer("close") == "ok"
    assert written(cluster, output) == ["A", "BCD"]
    assert cluster.committed(group, source) == {0: 4}


@both
@pytest.mark.parametrize(("point", "again"), [("commit_lost", True), ("commit_sent", False)])
def test_a_commit_without_an_answer_is_looked_up(
        cluster: Cluster, topic: TopicFactory, driver: DriverFactory, monkeypatch: pytest.MonkeyPatch, kind: str, point: str,
        again: bool) -> None:
    source, output, group = topic("in"), topic("out"), unique("unknown")
    put(cluster, source, "a", "b")
    before = driver(kind, source, group, NAMED, "by_hand=1")
    assert before.values(1) == ["a"]
    assert before("close") == "ok"
    monkeypatch.setenv("SEMEL_FAIL_POINTS", f"{point}:fail")
    consumer = driver(kind, source, group, NAMED, "by_hand=1", f"output={output}")
    assert consumer.values(1) == ["b"]
    assert consumer(f"send {output} B") == "ok"
    if again:
        assert consumer("commit").startswith("error abort ")
        assert consumer.values(1) == ["b"]
        assert consumer(f"send {output} again") == "ok"
    assert consumer("commit") == "ok"
    assert consumer("poll 300") == "none"
    assert written(cluster, output) == ["again" if again else "B"]
    assert cluster.committed(group, source) == {0: 2}


@both
def test_what_is_taken_away_uncommitted_is_rolled_back_and_told(
        cluster: Cluster, topic: TopicFactory, driver: DriverFactory, kind: str) -> None:
    source, output, group = topic("in", partitions=2), topic("out"), unique("revoked")
    for partition in range(2):
        put(cluster, source, f"from {partition}", partition=partition)
    first = driver(kind, source, group, NAMED, "by_hand=1", f"output={output}")
    assert sorted(first.values(2)) == ["from 0", "from 1"]
    assert first(f"send {output} lost") == "ok"
    second = driver(kind, source, group, "instance=two", "by_hand=1")
    kept: set[str] = set()
    got: set[str] = set()

    def handed_over() -> bool:
        kept.add(first("poll 100"))
        got.add(second("poll 100"))
        return all(answers - {"none"} for answers in (kept, got))
    wait_for(handed_over, "each has one of the messages")
    answers = [*(kept - {"none"}), *(got - {"none"})]
    assert sorted(answer.split(" ", 3)[3] for answer in answers) == ["from 0", "from 1"]

    # It may still hold both messages, and is told: all since the last commit come again.
    assert first("commit").startswith("error abort ")
    assert f"message {' '.join(map(str, first.message()))}" == answers[0]
    assert first(f"send {output} kept") == "ok"
    assert first("close") == "ok"
    assert second("commit") == "ok"
    assert written(cluster, output) == ["kept"]
    assert cluster.committed(group, source) == {0: 1, 1: 1}


@both
def test_sends_only_with_messages_and_only_to_its_outputs(
        cluster: Cluster, topic: TopicFactory, driver: DriverFactory, kind: str) -> None:
    source, output, group = topic("in"), topic("out"), unique("send")
    put(cluster, source, "a")
    consumer = driver(kind, source, group, f"output={output}")
    assert consumer(f"send {output} early").startswith("error fix ")
    assert consumer.values(1) == ["a"]
    assert consumer(f"send {source} elsewhere").startswith("error fix ")
    assert consumer(f"send {output} A") == "ok"
    assert consumer("commit") == "ok"
    assert consumer(f"send {output} late").startswith("error fix ")
    assert consumer("status") == "ok"
    assert written(cluster, output) == ["A"]


@pytest.mark.parametrize(("policy", "handed_out"), [("pass", 5), ("drop", 2)])
def test_messages_that_cannot_be_judged_are_handed_out_or_dropped(
        cluster: Cluster, topic: TopicFactory, driver: DriverFactory, policy: str, handed_out: int) -> None:
    source, group = topic(), unique(policy)
    unjudged(cluster, source)
    consumer = driver("unique", source, group, *RULE, *(f"{kind}={policy}" for kind in UNJUDGED))
    values = consumer.values(handed_out)
    assert (values[0], values[-1]) == ('{"id":1}', '{"id":3}')
    assert consumer("poll 300") == "none"
    assert consumer("close") == "ok"
    assert consumer("counts") == "read=5 unique=2 duplicates=0 missing=1 invalid=1 late=1"


RULE = ("key=json:/id", f"window={HOUR}", NAMED)
UNJUDGED = {"missing": '{"x":1}', "invalid": "no JSON", "late": '{"id":2}'}


def unjudged(cluster: Cluster, topic: str) -> None:
    now = int(time.time() * 1000)
    cluster.produce(topic, [Record(b'{"id":1}', timestamp=now), Record(b'{"x":1}', timestamp=now), Record(b"no JSON", timestamp=now),
                            Record(b'{"id":2}', timestamp=now - 2 * HOUR), Record(b'{"id":3}', timestamp=now)])


@pytest.mark.parametrize("kind", UNJUDGED)
def test_the_policy_fail_ends_the_consumer_before_the_message(
        cluster: Cluster, topic: TopicFactory, driver: DriverFactory, kind: str) -> None:
    source, group = topic(), unique(f"fail.{kind}")
    unjudged(cluster, source)
    offset = 1 + list(UNJUDGED).index(kind)
    consumer = driver("unique", source, group, *RULE, f"{kind}=fail")
    before = consumer.values(offset)
    error = consumer("poll 30000")
    assert error.startswith("error stop ") and f"offset {offset}: {kind}" in error
    assert consumer("status") == consumer("commit") == consumer("close") == error
    assert cluster.committed(group, source).get(0, 0) <= offset
    again = driver("unique", source, group, *RULE)
    values = [again.message()[2]]
    while values[-1] != UNJUDGED[kind]:
        values.append(again.message()[2])
        assert set(values) <= {*before, UNJUDGED[kind]}


@both
def test_the_end_is_reached_when_all_before_it_was_handed_out(
        cluster: Cluster, topic: TopicFactory, driver: DriverFactory, kind: str) -> None:
    source, group = topic(partitions=2), unique("end")
    put(cluster, source, "a", "b")
    aborted = cluster.transaction()
    aborted.send(source, [Record(b"never")])
    aborted.abort()
    consumer = driver(kind, source, group)
    assert consumer("at_end") == "no"
    assert consumer.values(1) == ["a"]
    assert consumer("at_end") == "no"
    assert consumer.values(1) == ["b"]
    wait_for(lambda: consumer("poll 100") == "none" and consumer("at_end") == "yes", "the end")


@both
def test_another_thread_stops_the_loop_and_what_is_done_is_committed(
        cluster: Cluster, topic: TopicFactory, driver: DriverFactory, kind: str) -> None:
    source, group = topic(), unique("stop")
    put(cluster, source, *(f"event {i}" for i in range(20)))
    consumer = driver(kind, source, group, NAMED)
    assert consumer.values(1) == ["event 0"]
    loop = consumer("loop 500").split(" ", 1)
    assert loop == ["values", " ".join(f"event {i}" for i in range(1, 20))]
    assert cluster.committed(group, source) == {0: 20}
    assert consumer("status") == "ok"
    assert consumer("close") == "ok"


@both
def test_a_message_outlives_its_consumer(cluster: Cluster, topic: TopicFactory, driver: DriverFactory, kind: str) -> None:
    source = topic("a.name.that.is.so.long.that.it.has.memory.of.its.own")
    put(cluster, source, "kept")
    consumer = driver(kind, source, unique("outlived"), NAMED)
    assert consumer("outlive") == f"outlived {source} 0 0 kept"


@both
def test_a_poll_may_wait_forever(cluster: Cluster, topic: TopicFactory, driver: DriverFactory, kind: str) -> None:
    source = topic()
    put(cluster, source, "a")
    assert driver(kind, source, unique("forever"), NAMED)("poll_forever") == "message 0 0 a"


@both
def test_a_time_that_librdkafka_would_replace_is_refused(
        cluster: Cluster, topic: TopicFactory, driver: DriverFactory, kind: str) -> None:
    source, output = topic("in"), topic("out")
    put(cluster, source, "a")
    consumer = driver(kind, source, unique("timed"), NAMED, f"output={output}")
    assert consumer.values(1) == ["a"]
    for time_ms in (0, -2):
        assert consumer(f"send_at {time_ms} {output}").startswith("error fix ")
    assert consumer(f"send_at 1000 {output}") == "ok"
    assert consumer("close") == "ok"
    assert [record.timestamp for record in cluster.read(output)] == [1000]


def test_a_new_group_may_begin_behind_the_last_message(cluster: Cluster, topic: TopicFactory, driver: DriverFactory) -> None:
    source, group = topic(), unique("behind")
    put(cluster, source, "old")
    first = driver("transactional", source, group, NAMED, "from_end=1")
    wait_for(lambda: first("poll 100") == "none" and cluster.committed(group, source) == {0: 1}, "the start is committed")
    first.kill9()
    put(cluster, source, "new")
    assert driver("transactional", source, group, NAMED, "from_end=1").values(1) == ["new"]


def test_messages_that_were_deleted_before_they_were_read_are_told(
        cluster: Cluster, topic: TopicFactory, driver: DriverFactory) -> None:
    source, group = topic(), unique("deleted")
    put(cluster, source, "a", "b", "c")
    consumer = driver("transactional", source, group, NAMED, "by_hand=1")
    assert consumer.values(1) == ["a"]
    assert consumer("close") == "ok"
    cluster.delete_records(source, 2)
    error = driver("transactional", source, group, NAMED)("poll 30000")
    assert error.startswith("error stop ") and "offsets 1 to 1" in error and "semel group reset" in error


def test_the_changelog_has_the_name_that_is_asked_for_and_is_made_only_where_it_may(
        cluster: Cluster, topic: TopicFactory, driver: DriverFactory) -> None:
    source, group, changelog = topic(), unique("named"), unique("what.was.seen")
    put(cluster, source, "a", "a", "b")
    refused = driver("unique", source, group, NAMED, f"changelog={changelog}", "create_changelog=0").opened
    assert refused.startswith("error fix ") and changelog in refused and "semel topic create" in refused
    assert not {changelog, f"{group}.seen"} & set(cluster.topics())

    consumer = driver("unique", source, group, NAMED, f"changelog={changelog}")
    assert consumer.values(2) == ["a", "b"]
    assert consumer("close") == "ok"
    assert f"{group}.seen" not in cluster.topics()
    assert cluster.end_offset(changelog) > 0
    put(cluster, source, "b", "c")
    assert driver("unique", source, group, NAMED, f"changelog={changelog}", "create_changelog=0").values(1) == ["c"]


def test_full_memory_ends_it_and_nothing_is_forgotten(cluster: Cluster, topic: TopicFactory, driver: DriverFactory) -> None:
    source, group = topic(retention_ms=-1), unique("full")
    count = 20_000
    put(cluster, source, *map(str, range(count)))
    consumer = driver("unique", source, group, NAMED, "memory_limit=300000")
    before = consumer("loop 45000").split()[1:]
    error = consumer("status")
    assert error.startswith("error stop ") and "memory" in error, error
    assert consumer("close") == error
    assert before == [str(i) for i in range(len(before))] and len(before) < count
    after = driver("unique", source, group, NAMED).values(100)
    assert int(after[0]) <= len(before) and after == [str(int(after[0]) + i) for i in range(100)], "it goes on where it was committed"


@pytest.mark.parametrize("change", ["accept_new_partitions", "accept_new_rule"])
def test_a_change_is_told_and_can_be_accepted(
        cluster: Cluster, topic: TopicFactory, driver: DriverFactory, change: str) -> None:
    source, group = topic(), unique("changed")
    put(cluster, source, "a")
    consumer = driver("unique", source, group, NAMED)
    assert consumer.values(1) == ["a"]
    assert consumer("close") == "ok"
    rule = []
    if change == "accept_new_partitions":
        for name in (source, f"{group}.seen"):
            cluster.add_partitions(name, 2)
    else:
        rule = ["window=3600000"]
    put(cluster, source, "b")
    refused = driver("unique", source, group, NAMED, *rule)
    error = refused("poll 30000") if refused.opened == "ok" else refused.opened
    assert error.startswith("error stop ") and "--" + change.replace("_", "-") in error
    refused.kill9()
    assert driver("unique", source, group, NAMED, *rule, f"{change}=1").values(1) == ["b"]
