"""Whatever is killed, paused or cut off on the way from a topic to a table: each event is in it once."""

from __future__ import annotations

import random
import signal
import time
from typing import Callable

import pytest
from cluster import Cluster, Record, wait_for
from commit_cutter import CommitCutter
from conftest import TopicFactory
from job import Page, wait_stopped
from postgres import Database
from process import Process, Semel
from sink_job import Sink

PARTITIONS = 3
EVENTS = 60_000
# Many small transactions: more moments at which something can happen.
FAST = ("--commit-interval", "20ms", "-X", "max.partition.fetch.bytes=20000", "-X", "session.timeout.ms=6000")

SinkFactory = Callable[[], Sink]


@pytest.fixture
def sink(cluster: Cluster, semel: Semel, database: Database, topic: TopicFactory) -> SinkFactory:
    def create() -> Sink:
        made = Sink(cluster, semel, database, topic("in", partitions=PARTITIONS), FAST)
        made.produce(EVENTS, PARTITIONS)
        return made
    return create


def wait_killed(main: Sink, process: Process) -> None:
    """At its fail point: there is work until it is reached."""
    def ended() -> bool:
        main.produce(300, PARTITIONS)
        return not process.running
    wait_for(ended, "it is killed")
    assert process.wait(1) == -signal.SIGKILL, process.describe()


def fail(point: str, action: str, hit: int) -> dict[str, str]:
    return {"SEMEL_FAIL_POINTS": f"{point}:{action}:{hit}"}


def test_sink_killed(sink: SinkFactory) -> None:
    """Before and after commits, and at any moment. A static member: a restart is given its partitions at once."""
    main = sink()
    main.options += ("--instance", "one")
    for point, hit in [("sink_before_commit", 2), ("sink_after_commit", 1), ("sink_before_commit", 5), ("sink_after_commit", 3)]:
        wait_killed(main, main.start(env=fail(point, "kill", hit)))
    for _ in range(3):
        before = main.count()
        main.produce(30_000, PARTITIONS)
        process = main.start()
        main.wait_count(before + 1, process)
        time.sleep(random.random() * 0.1)
        process.kill9()
    main.run()
    main.check()


def test_postgres_killed(sink: SinkFactory, database: Database) -> None:
    main = sink()
    process = main.start()
    complaint = " wait_ms="
    for _ in range(3):
        before = main.count()
        main.produce(30_000, PARTITIONS)
        main.wait_count(before + 1, process)  # it is connected: every complaint so far is about an earlier kill
        complaints = process.stderr.count(complaint)
        time.sleep(random.random() * 0.1)
        database.server.kill9()
        main.produce(3_000, PARTITIONS)  # it may have been done with all of it
        wait_for(lambda: process.stderr.count(complaint) > complaints or not process.running, "it notices")
        assert process.running, process.describe()
        database.server.start()
    wait_for(lambda: main.count() >= sum(main.produced.values()) or not process.running, "all rows")
    process.term()
    assert process.wait(20) == 0, process.describe()
    main.check()


def test_hung_postgres_does_not_hold_up_the_end(sink: SinkFactory, database: Database) -> None:
    """A server that does not answer, at SIGTERM: the process ends within the bound of docs/sink_postgres.md, and says so."""
    main = sink()
    process = main.start()
    main.wait_count(1, process)
    with database.server.paused():
        main.produce(300, PARTITIONS)
        process.term()
        assert process.wait(30) == 1, process.describe()
        assert "did not end within 15s" in process.stderr
    main.run()
    main.check()


def test_paused_sink_writes_nothing_after_another_took_over(sink: SinkFactory) -> None:
    """Stopped right before its commit, for longer than its session; then it goes on, with all of its rows sent."""
    main = sink()
    page = Page()
    zombie = main.start(*page.flags, env=fail("sink_before_commit", "stop", 3))
    wait_stopped(zombie)
    main.run()
    main.check()
    zombie.cont()
    wait_for(lambda: page.total("semel_fenced_total") >= 1 or main.count() > EVENTS or not zombie.running, "the paused one is fenced")
    main.check()
    main.produce(300, PARTITIONS)  # it is of use again
    wait_for(lambda: main.count() >= EVENTS + 300, "the new rows")
    zombie.term()
    assert zombie.wait(20) == 0, zombie.describe()
    main.check()


def stopped_in_the_way(main: Sink, database: Database, point: str) -> Process:
    """Rows of it that are not committed are in a unique index, where those of another would have to be."""
    main.options = main.options[2:]
    main.run("--start", "latest")
    database.sql("ALTER TABLE events ADD PRIMARY KEY (kafka_partition, kafka_offset); UPDATE semel_offsets SET next_offset = 0")
    zombie = main.start(env=fail(point, "stop", 1))
    wait_stopped(zombie)
    return zombie


@pytest.mark.parametrize("point", ["postgres_in_copy", "sink_before_commit"])
def test_paused_sink_holds_up_nobody(point: str, sink: SinkFactory, database: Database) -> None:
    """Its rows are in the way of the same rows of another, for they share a unique index: not for longer than a limit. In the
    middle of a COPY no limit of PostgreSQL holds, so it is the successor that ends the session."""
    main = sink()
    zombie = stopped_in_the_way(main, database, point)
    sending = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'semel sink%' AND state = 'active'"
    assert database.sql(sending) == ("1" if point == "postgres_in_copy" else "0")
    result = main.run()  # with a deadline
    main.check()
    assert "statement timeout" not in result.stderr, "it waited for as long as a statement may take"
    assert ("ended a session" in result.stderr) == (point == "postgres_in_copy")
    zombie.cont()
    main.produce(300, PARTITIONS)
    wait_for(lambda: main.count() >= EVENTS + 300 or not zombie.running, "the new rows")
    zombie.term()
    assert zombie.wait(20) == 0, zombie.describe()
    main.check()


def test_paused_sink_commits_what_its_successor_waits_for(sink: SinkFactory, database: Database) -> None:
    """The successor's rows are refused then, for they are there already: no fault of the records."""
    main = sink()
    zombie = stopped_in_the_way(main, database, "sink_before_commit")
    successor = main.start("--until-end")
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'semel sink%' AND wait_event_type = 'Lock'"
    wait_for(lambda: database.sql(waiting) == "1", "the successor waits for rows of the paused one")
    zombie.cont()
    assert successor.wait(60) == 0, successor.describe()
    assert "somebody else has worked on it" in successor.stderr
    main.check()
    zombie.term()
    assert zombie.wait(20) == 0, zombie.describe()


@pytest.mark.parametrize("point", ["sink_commit_not_sent", "sink_commit_not_answered"])
def test_unknown_commit(point: str, sink: SinkFactory) -> None:
    """Nobody knows whether it was carried out, but the database."""
    main = sink()
    points = ",".join(f"{point}:fail:{hit}" for hit in (1, 2, 5))
    result = main.run(env={"SEMEL_FAIL_POINTS": points})
    main.check()
    answer = "committed=" + ("yes" if point == "sink_commit_not_answered" else "no")
    assert result.stderr.count(answer) == 3, result.stderr
    assert (result.summary()["rows"], result.summary()["aborts"]) == (EVENTS, 3), "not even one attempt on a guess"


def test_killed_between_a_dead_letter_and_the_commit(sink: SinkFactory, database: Database, topic: TopicFactory) -> None:
    """With copies and bad records among them: each event is a row once; each letter is there, and may be twice."""
    letters = topic("dead")
    main = sink()
    main.options += ("--instance", "one", "--unique", "--key", "json:/id", "--on-invalid", f"topic:{letters}")
    database.sql("CREATE TABLE events (event jsonb CHECK ((event->>'id')::int % 20000 <> 13), fingerprint text UNIQUE, "
                 "kafka_topic text, kafka_partition integer, kafka_offset bigint)")
    main.cluster.produce(main.source, [record for i in range(3_000) for record in (
        Record(f'{{"id": {60_000 + i % 1_000}}}'.encode(), partition=i % PARTITIONS), Record(b"{", partition=i % PARTITIONS))])
    for hit in (1, 2, 4, 3):
        wait_killed(main, main.start(env=fail("sink_before_commit", "kill", hit)))
    main.run(timeout=240)
    good = [i for i in range(max(61_000, sum(main.produced.values()))) if i % 20_000 != 13]
    assert database.sql("SELECT count(*), count(DISTINCT event->>'id') FROM events") == f"{len(good)}|{len(good)}"
    assert main.position() == {p: main.cluster.end_offset(main.source, p) for p in range(PARTITIONS)}
    places = [(dict(record.headers)["semel-partition"], dict(record.headers)["semel-offset"])
              for record in main.cluster.read_all(letters)[0]]
    bad = 3_000 + sum(i % 20_000 == 13 for i in range(sum(main.produced.values()))) + 3
    assert len(set(places)) == bad
    assert len(places) >= bad


def test_session_lost_while_a_batch_is_halved(sink: SinkFactory, database: Database) -> None:
    """The roll-back before it finds no connection; nothing may be asked of that."""
    main = sink()
    database.sql("CREATE TABLE events (event jsonb CHECK (event->>'id' <> '500'), fingerprint text, kafka_topic text, "
                 "kafka_partition integer, kafka_offset bigint)")
    result = main.run("--on-invalid", "drop", env=fail("sink_rollback_not_sent", "fail", 1))
    assert (main.count(), result.summary()["invalid"], result.summary()["aborts"]) == (EVENTS - 1, 1, 1)


def test_commit_whose_answer_is_lost_on_the_way(sink: SinkFactory, database: Database) -> None:
    """The server has carried it out. Sent once more, its rows would be there twice."""
    main = sink()
    cutter = CommitCutter(database.server.port, {1, 2})
    main.to = f"postgresql://postgres@127.0.0.1:{cutter.port}/{database.name}"
    try:
        result = main.run()
    finally:
        cutter.close()
    main.check()
    assert cutter.cut == 2
    assert (result.summary()["rows"], result.summary()["aborts"]) == (EVENTS, 2), "not even one attempt on a guess"


def test_sessions_cut_at_random_moments(sink: SinkFactory, database: Database) -> None:
    main = sink()
    process = main.start("--until-end", "--summary", "json")
    cuts = 0
    while process.running and cuts < 60:
        time.sleep(random.random() * 0.1)
        database.end_sessions()
        cuts += 1
    assert process.wait(90) == 0, process.describe()
    assert cuts > 3
    main.check()


def test_shared_among_processes_that_come_and_go(sink: SinkFactory) -> None:
    main = sink()
    first, second = main.start(), main.start()
    main.wait_count(1, first)
    second.term()
    assert second.wait(20) == 0, second.describe()
    main.run()
    first.term()
    assert first.wait(20) == 0, first.describe()
    main.check()
