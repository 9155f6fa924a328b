"""`semel scan`: what it counts is what `semel dedup` does."""

from __future__ import annotations

import json
from typing import Any

from cluster import Cluster, Record, unique
from conftest import JobFactory, TopicFactory
from job import events, summary_of
from process import Semel

HOUR = 3_600_000


def scan(semel: Semel, cluster: Cluster, topic: str, *more: str) -> dict[str, Any]:
    done = semel.run("scan", topic, "--brokers", cluster.bootstrap, "--key", "json:/event_id", "--json", *more)
    assert (done.code, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_counts(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    name = topic(partitions=3, retention_ms=-1)  # the brokers would delete what is so old
    start = 1_700_000_000_000
    cluster.produce(name, events(["a", "b", "c"], timestamp=start))
    cluster.produce(name, events(["a"], timestamp=start + 30_000))
    cluster.produce(name, events(["b"], timestamp=start + 2 * HOUR))
    cluster.produce(name, events(["a", "d"], 1, timestamp=start))
    cluster.produce(name, [Record(b"no json", timestamp=start), Record(b"{}", timestamp=start)])
    found = scan(semel, cluster, name)
    assert {name: found[name] for name in ("records", "unique", "duplicates", "copies", "strays", "missing", "invalid")} == {
        "records": 9, "unique": 4, "duplicates": 3, "copies": 2, "strays": 1, "missing": 1, "invalid": 1}
    assert found["time_distance"]["max"] == 2 * HOUR
    assert found["offset_distance"]["max"] == 3
    assert [window["duplicates"] for window in found["windows"]] == [1, 1, 2, 2]
    assert found["sampled_one_in"] == 1
    text = semel.run("scan", name, "--brokers", cluster.bootstrap, "--key", "json:/event_id").stdout
    assert f"{name}, 3 partitions, 2.0h of events" in text


def test_is_what_dedup_does(job: JobFactory, semel: Semel, cluster: Cluster) -> None:
    main = job(partitions=2)
    main.produce(20_000, "--duplicates", "0.2")
    found = scan(semel, cluster, main.source)
    summary = summary_of(main.run())
    assert found["records"] == summary["read"]
    assert found["copies"] > 0
    week = found["windows"][3]
    assert (week["duplicates"], week["late"]) == (summary["duplicates"], summary["late"])


def test_a_sample_when_memory_is_short(job: JobFactory, semel: Semel, cluster: Cluster) -> None:
    main = job(partitions=2)
    main.produce(60_000, "--duplicates", "0.2")
    whole = scan(semel, cluster, main.source)
    sample = scan(semel, cluster, main.source, "--memory-limit", "1MiB")
    assert whole["sampled_one_in"] == 1 and sample["sampled_one_in"] >= 4
    for name in ("unique", "duplicates"):
        assert abs(sample[name] - whole[name]) < 0.1 * whole[name]
    text = semel.run("scan", main.source, "--brokers", cluster.bootstrap, "--key", "json:/event_id",
                     "--memory-limit", "1MiB").stdout
    assert f"1 event in {sample['sampled_one_in']} was looked at" in text


def test_only_what_is_committed_and_there_at_the_start(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    name = topic()
    aborted = cluster.transaction()
    aborted.send(name, events(["a"]))
    aborted.abort()
    committed = cluster.transaction()
    committed.send(name, events(["a", "b"]))
    committed.commit()
    cluster.wait_stable(name)
    still_open = cluster.transaction()
    still_open.send(name, events(["a"]))
    try:
        assert scan(semel, cluster, name)["records"] == 2
    finally:
        still_open.abort()


def test_an_empty_topic_and_none(semel: Semel, cluster: Cluster, topic: TopicFactory) -> None:
    assert scan(semel, cluster, topic())["records"] == 0
    refused = semel.run("scan", unique("nowhere"), "--brokers", cluster.bootstrap)
    assert refused.code == 2
    assert "there is no topic" in refused.stderr
    assert semel.run("scan", "a", "--brokers", "127.0.0.1:1", "--memory-limit", "1KiB").code == 2
