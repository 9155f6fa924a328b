"""`semel dedup` in peace: what goes where, what stays as it is, what is refused."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from cluster import Cluster, Record
from conftest import JobFactory, TopicFactory
from job import SUMMARY, Job, adds_up, events, ids, summary_of
from process import Semel

HOUR_MS = 3_600_000


def test_the_main_job(job: JobFactory) -> None:
    main = job(partitions=3)
    main.produce(20_000)
    summary = summary_of(main.run())
    assert sorted(summary) == sorted(SUMMARY)
    assert adds_up(summary)
    assert summary["read"] == 20_000
    assert summary["duplicates"] > 0
    assert summary["aborts"] == 0
    checked = main.check()
    assert [checked[name] for name in ("unique", "duplicates")] == [summary[name] for name in ("unique", "duplicates")]
    assert main.lag() == 0

    again = summary_of(main.run())
    assert again["read"] == 0
    main.check()


def test_events_of_136_fields_with_everything_in_them(job: JobFactory) -> None:
    main = job(partitions=3)
    main.create_output(retention_ms=-1)
    main.produce(3_000, "--missing", "0.02", "--invalid", "0.02", "--late", "0.02", shape="view-event", seed=7)
    summary = summary_of(main.run())
    assert adds_up(summary)
    assert min(summary[name] for name in ("missing", "invalid", "late")) > 0
    checked = main.check()
    assert all(checked[name] == summary[name] for name in ("read", "unique", "duplicates", "missing", "invalid", "late"))


def test_records_leave_the_window(job: JobFactory) -> None:
    main = job(partitions=2)
    main.window = "1h"
    main.create_output(retention_ms=-1)
    main.produce(6_000, "--record-time", "spread", seed=3)
    assert adds_up(summary_of(main.run()))
    main.check()


def test_lanes(job: JobFactory) -> None:
    main = job("--lanes", "2", partitions=4)
    main.produce(8_000)
    assert summary_of(main.run())["read"] == 8_000
    main.check()


def test_a_restart_remembers(job: JobFactory, cluster: Cluster) -> None:
    main = job()
    cluster.produce(main.source, events(range(100)))
    assert summary_of(main.run())["unique"] == 100
    cluster.produce(main.source, events(range(50, 150)))
    summary = summary_of(main.run())
    assert (summary["unique"], summary["duplicates"]) == (50, 50)
    assert ids(main.values()) == [str(i) for i in range(150)]


# Policies

NOW_MS = int(time.time() * 1000)
ASSORTED = {  # in this order; a window of 1 h
    "first": Record(b'{"event_id":"a","n":1}', b"k", (("h", b"1"), ("h", None)), NOW_MS),
    "duplicate": Record(b'{"n":2,"event_id":"a"}', b"k2", (("h", b"2"),), NOW_MS + 1),
    "missing": Record(b'{"n":3}', None, (), NOW_MS + 2),
    "invalid": Record(b'{"event_id":', b"", (("x", b""),), NOW_MS + 3),
    "late": Record(b'{"event_id":"b"}', b"k", (), NOW_MS - 2 * HOUR_MS),
    "second": Record(b'{"event_id":"c"}', b"k", (), NOW_MS + 4),
    "missing again": Record(b'{"n":5}', None, (), NOW_MS + 5),
}


def names(records: list[Record]) -> list[str]:
    """Which of them these are; fails where one was altered."""
    known = {record.content(): name for name, record in ASSORTED.items()}
    return [known[record.content()] for record in records]


class PolicyJob(Job):
    """Several over one input, each with a group and an output of its own."""

    def __init__(self, of: Job, name: str, *options: str) -> None:
        super().__init__(of.cluster, of.semel, of._directory, of.source, of.key, ("--on-" + name.split()[0], *options))
        name = name.replace(" ", "-")
        self.output = f"{of.source}.{name}.out"
        self.group = f"{of.source}.{name}.group"
        self.changelog = f"{self.group}.seen"
        self.letters = f"{of.source}.{name}.letters"
        self.options = ("--group", self.group, *(each.replace("LETTERS", self.letters) for each in self.options))
        self.window = "1h"


@pytest.fixture
def assorted(job: JobFactory, cluster: Cluster) -> Job:
    main = job()
    cluster.produce(main.source, ASSORTED.values())
    return main


WITHOUT_DUPLICATE = [name for name in ASSORTED if name != "duplicate"]


def dropped(kind: str) -> list[str]:
    return [name for name in WITHOUT_DUPLICATE if not name.startswith(kind)]


def test_policies_that_pass(assorted: Job) -> None:
    with ThreadPoolExecutor(3) as pool:
        def one(kind: str) -> list[str]:
            own = PolicyJob(assorted, kind, "pass")
            own.run()
            return names(own.cluster.read(own.output))
        assert list(pool.map(one, ("missing", "invalid", "late"))) == [WITHOUT_DUPLICATE] * 3


def test_policies_that_drop(assorted: Job) -> None:
    with ThreadPoolExecutor(4) as pool:
        def one(kind: str) -> list[str]:
            own = PolicyJob(assorted, kind, "drop")
            summary = summary_of(own.run())
            assert adds_up(summary)
            assert [summary[name] for name in SUMMARY[:7]] == [7, 2, 1, 2, 1, 1, 0]
            return names(own.cluster.read(own.output))
        kinds = ("missing", "invalid", "late", "duplicate")
        assert dict(zip(kinds, pool.map(one, kinds))) == {kind: dropped(kind) for kind in kinds}


def test_policies_that_send_elsewhere(assorted: Job) -> None:
    """The record as it was, with headers that say why and where from."""
    with ThreadPoolExecutor(4) as pool:
        def one(kind: str) -> None:
            own = PolicyJob(assorted, kind, "topic:LETTERS")
            own.run()
            assert names(own.cluster.read(own.output)) == dropped(kind)
            letters = own.cluster.read(own.letters)
            sent = [(offset, record) for offset, (name, record) in enumerate(ASSORTED.items()) if name.startswith(kind)]
            assert len(letters) == len(sent)
            for letter, (offset, record) in zip(letters, sent):
                assert (letter.key, letter.value, letter.timestamp) == (record.key, record.value, record.timestamp)
                assert letter.headers[:len(record.headers)] == record.headers
                added = dict(letter.headers[len(record.headers):])
                assert kind.encode() in (added.pop("semel-reason") or b"")
                assert added.pop("semel-topic") == own.source.encode()
                assert added.pop("semel-partition") == b"0"
                assert added.pop("semel-offset") == str(offset).encode()
        list(pool.map(one, ("missing", "invalid", "late", "duplicate")))


def test_policies_that_fail(assorted: Job) -> None:
    """Stopped before that record; what was right is out, and with another policy it goes on."""
    with ThreadPoolExecutor(3) as pool:
        def one(kind: str) -> None:
            own = PolicyJob(assorted, kind, "fail")
            stopped = own.run(code=4)
            assert kind in stopped.stderr
            before = WITHOUT_DUPLICATE[:WITHOUT_DUPLICATE.index(kind)]
            out = names(own.cluster.read(own.output))
            assert out == before[:len(out)]
            own.options = tuple("pass" if option == "fail" else option for option in own.options)
            own.run()
            assert names(own.cluster.read(own.output)) == WITHOUT_DUPLICATE
        list(pool.map(one, ("missing", "invalid", "late")))


def test_duplicates_marked(assorted: Job) -> None:
    own = PolicyJob(assorted, "duplicate", "mark")
    own.run()
    out = own.cluster.read(own.output)
    marked = out.pop(1)
    assert names(out) == WITHOUT_DUPLICATE
    copy = ASSORTED["duplicate"]
    assert (marked.key, marked.value, marked.timestamp) == (copy.key, copy.value, copy.timestamp)
    assert marked.headers == (*copy.headers, ("semel-duplicate-of", f"{own.source}/0/0".encode()))


def test_missing_judged_by_what_is_there(assorted: Job) -> None:
    own = PolicyJob(assorted, "missing", "dedup")
    own.run()
    assert names(own.cluster.read(own.output)) == [n for n in WITHOUT_DUPLICATE if n != "missing again"]


# Unchanged

def test_everything_in_a_record_stays(job: JobFactory, cluster: Cluster) -> None:
    main = job("--on-late", "pass", key="header:uid")
    main.create_output(retention_ms=-1)
    shapes = [
        Record(b"v", b"k", (("a", b"1"), ("b", None), ("a", b"2"), ("c", b"")), 1_600_000_000_000),
        Record(None, b"tombstone", (), 1_600_000_000_001),
        Record(b"", b"", (), 1_600_000_000_002),
        Record(None, None, (("", b"\x00"),), NOW_MS),
        Record(b"x", None, (("a", b"\xff" * 300),), NOW_MS - 1),
        Record(os.urandom(900_000), b"\x00\xff", (), NOW_MS + 5),
        Record(b"old", b"k", (), 1),
    ]
    written = []
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        batch = [Record(r.value, r.key, (("uid", f"{codec}{i}".encode()), *r.headers), r.timestamp)
                 for i, r in enumerate(shapes)]
        cluster.produce(main.source, batch, {"compression.type": codec})
        written += batch
    without = [Record(b"no uid", b"k", (), NOW_MS), Record(b"no uid", b"k", (), NOW_MS)]
    cluster.produce(main.source, without)
    summary = summary_of(main.run())
    assert adds_up(summary)
    assert summary["missing"] == 2
    assert [r.content() for r in cluster.read(main.output)] == [r.content() for r in written + without]


def test_null_and_empty_values_are_two_things(job: JobFactory, cluster: Cluster) -> None:
    main = job(key="key")
    cluster.produce(main.source, [Record(b"1", None), Record(b"2", b""), Record(b"3", None), Record(b"4", b""),
                                  Record(None, b"k"), Record(b"", b"k")])
    main.run()
    assert [(r.value, r.key) for r in cluster.read(main.output)] == [(b"1", None), (b"2", b""), (b"3", None), (None, b"k")]


def test_transactional_input(job: JobFactory, cluster: Cluster) -> None:
    """Aborted records are nobody's first sight, and behind control records the lag is 0."""
    main = job(partitions=2)
    transaction = cluster.transaction()
    transaction.send(main.source, events(["a", "aborted"]))
    transaction.abort()
    transaction.begin()
    transaction.send(main.source, events(["a", "b"]))
    transaction.commit()
    cluster.produce(main.source, events(["b", "c"]))
    transaction.begin()
    transaction.send(main.source, events(["d", "aborted too"]))
    transaction.send(main.source, events(["only aborted records here"], partition=1))
    transaction.abort()
    cluster.wait_stable(main.source)
    cluster.wait_stable(main.source, 1)
    summary = summary_of(main.run())
    assert (summary["unique"], summary["duplicates"]) == (3, 1)
    assert ids(main.values()) == ["a", "b", "c"]
    assert main.lag() == 0
    assert summary_of(main.run())["read"] == 0


def test_input_behind_an_open_transaction_is_reported_and_not_waited_for(job: JobFactory, cluster: Cluster) -> None:
    main = job()
    cluster.produce(main.source, events(["a"]))
    transaction = cluster.transaction(config={"transaction.timeout.ms": 600_000})
    transaction.send(main.source, events(["b"]))
    cluster.produce(main.source, events(["c"]))
    stopped = main.run()
    assert "transaction" in stopped.stderr
    assert ids(main.values()) == ["a"]
    transaction.commit()
    cluster.wait_stable(main.source)
    main.run()
    assert ids(main.values()) == ["a", "b", "c"]


BAD_JSON = [
    None, b"", b" ", b"not json", b'{"event_id":"a"', b'{"event_id":"a"}}', b'{"event_id":"a"}{"event_id":"b"}', b"[]", b"null",
    b'{"event_id":NaN}', b'{"event_id":01}', b'{"event_id":"\xff\xfe"}', b'{"event_id":"\\ud800"}',
    "{\"event_id\":\"a\"}".encode("utf-16"), b"\x00\x00\x00\x00\x01avro", b'{"other":1}', b"[" * 100_000,
]


def test_bad_input_passes_by_default(job: JobFactory, cluster: Cluster) -> None:
    main = job()
    cluster.produce(main.source, [Record(value) for value in BAD_JSON] * 2 + events(["good", "good"]))
    summary = summary_of(main.run())
    assert adds_up(summary)
    assert summary["missing"] + summary["invalid"] == 2 * len(BAD_JSON)
    assert summary["duplicates"] == 1
    assert main.values() == BAD_JSON * 2 + [events(["good"])[0].value]


# Rejected by the brokers

def test_a_record_too_large_for_the_output(job: JobFactory, cluster: Cluster) -> None:
    main = job()
    main.create_output(max_message_bytes=20_000)
    large = Record(b'{"event_id":"large","x":"' + os.urandom(30_000).hex().encode() + b'"}')
    cluster.produce(main.source, events(range(20)) + [large] + events(range(20, 40)))
    stopped = main.run(code=4)
    assert "20" in stopped.stderr  # its offset
    assert set(ids(main.values())) <= {str(i) for i in range(20)}

    letters = f"{main.source}.letters"
    summary = summary_of(main.run("--on-rejected", f"topic:{letters}"))
    assert summary["rejected"] == 1
    assert adds_up(summary)
    assert ids(main.values()) == [str(i) for i in range(40)]
    found = cluster.read(letters)
    assert [letter.value for letter in found] == [large.value]
    headers = dict(found[0].headers)
    assert headers["semel-offset"] == b"20"
    assert headers["semel-reason"]


# Where it begins, and what writes nothing

def test_start(job: JobFactory, cluster: Cluster) -> None:
    main = job()
    cluster.produce(main.source, events(["old"], timestamp=NOW_MS - HOUR_MS) + events(["new"], timestamp=NOW_MS))
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW_MS / 1000 - 60))
    for name, start, expected in (("e", "earliest", ["old", "new"]), ("l", "latest", []), ("t", at, ["new"])):
        own = Job(cluster, main.semel, main._directory, main.source,
                  options=("--group", f"{main.group}.{name}", "--start", start))
        own.output = f"{main.output}.{name}"
        own.run()
        assert ids(own.values()) == expected, start


def test_latest_holds_from_the_first_start(job: JobFactory, cluster: Cluster) -> None:
    main = job("--start", "latest")
    cluster.produce(main.source, events(["before"]))
    main.run()
    cluster.produce(main.source, events(["between"]))
    main.run()
    assert ids(main.values()) == ["between"]


def test_dry_run_writes_nothing(job: JobFactory, cluster: Cluster) -> None:
    main = job()
    cluster.produce(main.source, events(range(50)) + events(range(30)))
    arguments = [a for a in main.arguments("--dry-run", "--summary", "json") if a != "--create-topics"]
    done = main.semel.run(*arguments)
    assert done.code == 0, done.stderr
    summary = summary_of(done)
    assert (summary["read"], summary["unique"], summary["duplicates"]) == (80, 50, 30)
    assert main.output not in cluster.topics()
    assert main.changelog not in cluster.topics()
    assert cluster.committed(main.group, main.source) == {}
    assert cluster.members(main.group) == []


# Refused

def test_equal_topics_are_refused(job: JobFactory) -> None:
    main = job()
    main.output = main.source
    assert main.source in main.run(code=2).stderr


def test_missing_topics_are_an_error_that_says_how(job: JobFactory, cluster: Cluster, semel: Semel) -> None:
    main = job()
    done = semel.run(*(a for a in main.arguments("--until-end") if a != "--create-topics"))
    assert done.code == 2, done.stderr
    assert "--create-topics" in done.stderr
    assert main.output not in cluster.topics()
    main.source = "nobody-made-this-input"
    assert "nobody-made-this-input" in main.run(code=2).stderr
    assert "nobody-made-this-input" not in cluster.topics()


def test_several_start_at_once_and_no_topic_is_there(job: JobFactory) -> None:
    """Each of them may be told of a topic by a broker that hears of it later than another."""
    main = job(partitions=4)
    main.produce(1_000)
    started = [main.start("--until-end") for _ in range(6)]
    codes = [process.wait(120) for process in started]
    assert codes == [0] * 6, "\n".join(process.describe() for process in started)
    main.check()


def test_brokers_that_cannot_be_reached(semel: Semel) -> None:
    done = semel.run("dedup", "--brokers", "127.0.0.1:1", "--from", "a", "--to", "b", "--until-end", timeout=90)
    assert done.code == 3, done.stderr
    assert "127.0.0.1:1" in done.stderr


def test_topics_that_cannot_keep_the_promise(job: JobFactory, cluster: Cluster, topic: TopicFactory) -> None:
    """Each is refused, or warned of, with what repairs it."""
    fewer = job(partitions=3)
    cluster.create_topic(fewer.output, 2)
    assert "partitions" in fewer.run(code=2).stderr

    compacted = job()
    cluster.create_topic(compacted.changelog, 1, config={"cleanup.policy": "compact"})
    assert "cleanup.policy" in compacted.run(code=2).stderr

    short = job()
    cluster.create_topic(short.changelog, 1, config={"message.timestamp.type": "LogAppendTime", "retention.ms": 60_000})
    assert "retention.ms" in short.run(code=2).stderr
