"""What was seen is kept in a Redis: copies are found wherever they are, whoever dies."""

from __future__ import annotations

import shutil
import signal
from collections import Counter
from pathlib import Path
from typing import Callable

import pytest
from certificates import Certificates
from cluster import wait_for
from conftest import JobFactory
from job import Job, Page, events, ids, summary_of, twice
from redis_server import RedisServer

FAST = ("--commit-interval", "20ms")
TTL = ("--seen-ttl", "14d")  # the input of these tests keeps its records for ever


@pytest.fixture
def redis_job(redis: RedisServer, job: JobFactory) -> Callable[..., Job]:
    return lambda *options, **more: job("--seen", redis.address, *TTL, *options, **more)


def check(main: Job) -> None:
    """All but the changelog's entries, which are in Redis instead."""
    main.wait_stable()
    done = main.semel.run("prove", "check", "--brokers", main.cluster.bootstrap, "--truth", str(main._truth),
                          "--from", main.source, "--to", main.output, "--key", main.key, "--window", main.window,
                          "--group", main.group)
    assert done.code == 0, done.stdout + done.stderr


def test_copies_in_all_partitions_and_processes(redis_job: Callable[..., Job], redis: RedisServer) -> None:
    main = redis_job("--on-duplicate", "mark", partitions=4)
    for partition in range(4):
        main.cluster.produce(main.source, events(range(500), partition))
    first, second = (main.start("--instance", name, *FAST) for name in ("one", "two"))
    main.wait_caught_up()
    for process in (first, second):
        process.term()
        assert process.wait(30) == 0, process.describe()
    records = [record for part in main.cluster.read_all(main.output).values() for record in part]
    marked = [dict(record.headers or ())["semel-duplicate-of"].decode() for record in records if record.headers]
    unmarked = Counter(ids([record.value for record in records if not record.headers]))
    assert len(unmarked) == 500 and set(unmarked.values()) == {1}
    assert len(marked) == 1500
    assert {mark.split("/")[1] for mark in marked} <= {str(record.partition) for record in records if not record.headers}
    # Started anew, it goes on: nothing is emitted again.
    main.cluster.produce(main.source, events(range(500), 2))
    assert summary_of(main.run())["duplicates"] == 500
    assert redis.do("DBSIZE") == str(500 + 4), "an event each, and a marker for each partition"


@pytest.mark.parametrize("point", ["after_poll", "after_output", "after_changelog", "after_send_offsets", "after_commit"])
def test_killed_at(point: str, redis_job: Callable[..., Job]) -> None:
    """A claim of a crashed attempt is its own again: nothing is lost."""
    main = redis_job(*FAST, "--instance", "one", partitions=3)
    stream = main.start_stream(900_000, rate=1_000)
    for hit in (1, 2, 7):
        process = main.start(env={"SEMEL_FAIL_POINTS": f"{point}:kill:{hit}"})
        assert process.wait(60) == -signal.SIGKILL, process.describe()
    stream.term()
    assert stream.wait(60) == 0, stream.describe()
    main.run(timeout=90)
    check(main)


def test_killed_before_the_first_commit(redis_job: Callable[..., Job]) -> None:
    """What was claimed is read again, though --start latest means a later place now."""
    main = redis_job("--start", "latest")
    process = main.start(env={"SEMEL_FAIL_POINTS": "after_poll:kill:1"})
    process.wait_for_log("partition assigned")
    sent = 0

    def killed() -> bool:
        nonlocal sent
        main.cluster.produce(main.source, events([sent]))
        sent += 1
        return not process.running
    wait_for(killed, "it is killed")
    main.cluster.produce(main.source, events(range(sent)))  # copies
    main.run()
    assert set(ids(main.values())) >= {str(sent - 1)} and twice(ids(main.values())) == []


def test_redis_killed_and_paused(redis_job: Callable[..., Job], redis: RedisServer) -> None:
    main = redis_job(*FAST, "--instance", "one", partitions=3)
    stream = main.start_stream(900_000, rate=1_000)
    page = Page()
    process = main.start(*page.flags)

    def wait_unique(more: int) -> None:
        goal = page.total("semel_records_total", 'outcome="unique"') + more
        wait_for(lambda: not process.running or page.total("semel_records_total", 'outcome="unique"') >= goal, "progress", 60)
        assert process.running, process.describe()

    page.wait_ready(process)
    for _ in range(2):
        wait_unique(500)
        redis.kill9()
        wait_for(lambda: "Redis does not answer" in process.stderr, "the outage is told")
        wait_for(lambda: page.total("semel_seen_set_failing") == 3, "the outage is measured")
        assert '"seen_set":"failing"' in page.get("/readyz")[1]
        redis.start()
        wait_unique(500)
        wait_for(lambda: page.total("semel_seen_set_failing") == 0, "its end is measured")
        redis.pause()
        try:
            wait_for(lambda: process.stderr.count("Redis does not answer") > process.stderr.count("Redis answers again"),
                     "the pause is told")
        finally:
            redis.resume()
    wait_unique(500)
    stream.term()
    assert stream.wait(60) == 0, stream.describe()
    main.wait_caught_up()
    process.term()
    assert process.wait(30) == 0, process.describe()
    check(main)


def test_a_redis_that_forgot(redis_job: Callable[..., Job], redis: RedisServer) -> None:
    main = redis_job(partitions=2)
    main.cluster.produce(main.source, events(range(10)))
    main.cluster.produce(main.source, events([100], 1))
    main.run()
    redis.do("FLUSHALL")
    main.cluster.produce(main.source, events([*range(10), 10]))
    assert "--accept-gap" in main.run(code=4).stderr
    assert twice(ids(main.values())) == [], "nothing was let through"
    main.run("--accept-gap")
    assert sorted(twice(ids(main.values())), key=int) == [str(i) for i in range(10)], "what it says it may cost"
    process = main.start("--accept-gap")
    process.wait_for_log("started instance=")
    wait_for(lambda: "partition:1" in redis.do("KEYS", "*:partition:1"), "an idle partition is accepted too")
    process.term()
    assert process.wait(30) == 0, process.describe()
    main.cluster.produce(main.source, events([10]))
    main.cluster.produce(main.source, events([100], 1))
    done = summary_of(main.run())
    assert (done["duplicates"], done["unique"]) == (1, 1)


def test_a_redis_restored_from_a_backup(redis_job: Callable[..., Job], redis: RedisServer, tmp_path: Path) -> None:
    """What was claimed after the backup comes out again if copies of it come; nothing is lost."""
    main = redis_job()
    main.cluster.produce(main.source, events(range(10)))
    main.run()
    redis.kill9()
    shutil.copytree(redis.directory / "appendonlydir", tmp_path / "backup")
    redis.start()
    main.cluster.produce(main.source, events(range(10, 20)))
    main.run()
    redis.kill9()
    shutil.rmtree(redis.directory / "appendonlydir")
    shutil.copytree(tmp_path / "backup", redis.directory / "appendonlydir")
    redis.start()
    main.cluster.produce(main.source, events(range(21)))
    assert summary_of(main.run())["unique"] == 11
    assert sorted(twice(ids(main.values())), key=int) == [str(i) for i in range(10, 20)]
    assert set(ids(main.values())) == {str(i) for i in range(21)}


def test_from_memory_to_redis_and_back(job: JobFactory, redis: RedisServer) -> None:
    main = job()
    in_redis = ("--seen", redis.address, *TTL)
    main.cluster.produce(main.source, events(range(3)))
    main.run()
    assert "--accept-new-rule" in main.run(*in_redis, code=4).stderr
    main.cluster.produce(main.source, events(range(3)))
    assert summary_of(main.run(*in_redis, "--accept-new-rule"))["unique"] == 3
    main.cluster.produce(main.source, events(range(3)))
    assert summary_of(main.run(*in_redis))["duplicates"] == 3
    assert "--accept-new-rule" in main.run(code=4).stderr


def test_the_group_was_moved_back(redis_job: Callable[..., Job]) -> None:
    main = redis_job()
    main.cluster.produce(main.source, events(range(10)))
    main.run()
    main.cluster.set_committed(main.group, main.source, {0: 4})
    assert "--on-reset" in main.run(code=4).stderr
    assert summary_of(main.run("--on-reset", "replay"))["unique"] == 6


def test_refusals(redis_job: Callable[..., Job], job: JobFactory, redis: RedisServer) -> None:
    main = redis_job()
    main.cluster.produce(main.source, events(range(3)))
    redis.do("CONFIG", "SET", "maxmemory", "100mb")
    redis.do("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    assert "noeviction" in main.run(code=4).stderr
    redis.do("CONFIG", "SET", "maxmemory", "0")
    redis.do("CONFIG", "SET", "requirepass", "hush")
    assert "NOAUTH" in main.run(code=3).stderr
    redis.kill9()
    assert redis.address in main.run(code=3).stderr
    other = job()
    with_password = other.run("--seen", "redis://semel:hush@127.0.0.1", code=2).stderr
    assert "--redis-password-file" in with_password and "hush" not in with_password
    other.cluster.produce(other.source, events(range(3)))
    redis.start()
    assert "--seen-ttl" in other.run("--seen", redis.address, code=2).stderr
    short = job(retention_ms=7 * 24 * 3600 * 1000)
    assert "shorter than the window" in short.run("--seen", redis.address, "--seen-ttl", "10d").stderr
    assert "shorter than the window" not in short.run("--seen", redis.address, "--seen-ttl", "14d").stderr
    assert "--dry-run" in other.run("--seen", redis.address, "--dry-run", code=2).stderr


def test_tls_and_password(job: JobFactory, tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    server = RedisServer(tls=certificates)
    try:
        server.do("ACL", "SETUSER", "semel", "on", ">hush-1", "~semel:*", "+get", "+set", "+exists", "+evalsha",
                  "+script|load", "+info", "+select")
        server.do("ACL", "SETUSER", "default", "off")
        password = tmp_path / "password"
        password.write_text("hush-1\n")
        seen = ("--seen", server.address.replace("//", "//semel@"), *TTL, "--redis-password-file", str(password), "--redis-ca")
        main = job()
        main.cluster.produce(main.source, events([1, 1, 2]))
        refused = main.run(*seen, str(tmp_path / "other.pem"), code=3).stderr
        assert "certificate" in refused and "hush" not in refused
        elsewhere = [word.replace("localhost", "127.0.0.1") for word in seen]
        assert "certificate" in main.run(*elsewhere, str(tmp_path / "ca.pem"), code=3).stderr, "the name counts"
        assert summary_of(main.run(*seen, str(tmp_path / "ca.pem")))["unique"] == 2
        password.write_text("other\n")
        wrong = main.run(*seen, str(tmp_path / "ca.pem"), code=3).stderr
        assert "WRONGPASS" in wrong and "other" not in wrong.replace("another", "")
    finally:
        server.close()
