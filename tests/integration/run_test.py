"""`semel run`: several pipelines in one process, from one file."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import yaml
from cluster import ROOT, Cluster, Record, wait_for
from conftest import TopicFactory
from job import Page
from postgres import Database
from process import Process, Semel
from server import Load, event

NOWHERE = "127.0.0.1:1"


class Pipelines:
    """One `semel run` with its file; what it serves by HTTP has the same port after a restart."""

    def __init__(self, semel: Semel, directory: Path, content: dict[str, Any], env: dict[str, str] | None = None) -> None:
        self._semel = semel
        self._env = env or {}
        self.file = directory / "semel.yaml"
        self.content = content
        self.port = 0
        self.process: Process

    def write(self, **changes: Any) -> None:
        self.content |= changes
        self.file.write_text(yaml.safe_dump(self.content, sort_keys=False))

    def start(self) -> None:
        serve = self.content["pipelines"][0]["serve"]
        serve["listen"] = f"127.0.0.1:{self.port}"
        self.write()
        self.process = self._semel.start("run", "-c", str(self.file), env=self._env)
        wait_for(lambda: " listening" in self.process.stderr or not self.process.running, "it listens")
        found = re.search(r" listening pipeline=ingest .*\bport=(\d+)", self.process.stderr)
        assert found, self.process.describe()
        self.port = int(found[1])

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def post(self, body: Any, key: str = "") -> int:
        connection = self.connect()
        try:
            connection.request("POST", "/v1/events", json.dumps(body), {"Authorization": f"Bearer {key}"})
            return connection.getresponse().status
        finally:
            connection.close()

    def hang_up(self) -> None:
        os.kill(self.process.pid, signal.SIGHUP)


def flow(cluster: Cluster, source: str) -> dict[str, Any]:
    """HTTP to a table, all three of them; the address of the database is in the environment."""
    return {"brokers": cluster.bootstrap, "summary": "json", "pipelines": [
        {"name": "ingest", "serve": {"to": source, "key": ["json:/event_id"], "edge-memory": 0}},
        {"name": "once", "dedup": {"from": source, "to": f"{source}.unique", "key": ["json:/event_id"], "instance": "a",
                                   "create-topics": True}},
        {"name": "table", "sink-postgres": {"from": f"{source}.unique", "to": "${DATABASE_URL}", "table": "events",
                                            "create-table": True, "instance": "a"}}]}


def test_from_http_to_a_table_through_a_kill(cluster: Cluster, semel: Semel, database: Database, topic: TopicFactory,
                                             tmp_path: Path) -> None:
    source = topic("in", partitions=3)
    page = Page()
    run = Pipelines(semel, tmp_path, flow(cluster, source) | {"metrics": page.address}, {"DATABASE_URL": database.url})
    run.start()
    events = 1_500
    load = Load(run, events)  # type: ignore[arg-type]
    try:
        wait_for(lambda: database.count("events") > 0 or not run.process.running, "rows")
        assert run.process.running, run.process.describe()
        run.process.kill9()
        run.start()
        load.wait()
    finally:
        load.stop()
    for first in range(0, events, 500):
        assert run.post([event(i) for i in range(first, first + 500)]) == 200, "once more, and written once more"
    wait_for(lambda: cluster.lag(f"semel.{source}", source) == 0
             and cluster.lag(f"semel.{source}.unique.events", f"{source}.unique") == 0 or not run.process.running, "caught up")
    page.wait_ready(run.process)
    labels = {label for key in page.metrics() for label in re.findall(r'pipeline="([^"]*)"', key)}
    assert labels == {"ingest", "once", "table"}
    run.process.term()
    assert run.process.wait(60) == 0, run.process.describe()
    assert database.rows("SELECT count(*), count(DISTINCT event->>'event_id') FROM events") == [[str(events)] * 2]
    summaries = {each.pop("pipeline"): each for each in map(json.loads, run.process.stdout.splitlines())}
    assert summaries["ingest"]["accepted"] >= events
    assert summaries["once"]["duplicates"] >= events
    assert list(summaries) == ["ingest", "once", "table"]
    log = run.process.stderr
    assert database.url not in log, "it may hold a password"
    for line in (" started pipeline=once ", " started pipeline=table ", " drained pipeline=ingest "):
        assert line in log


def test_sighup_reads_secrets_and_the_log_level_again(cluster: Cluster, semel: Semel, topic: TopicFactory,
                                                      tmp_path: Path) -> None:
    keys = tmp_path / "keys"

    def give(key: str) -> None:
        keys.write_text(f"web {hashlib.sha256(key.encode()).hexdigest()}\n")

    give("first")
    settings = {"to": topic("in"), "key": ["json:/event_id"], "api-keys": str(keys)}
    run = Pipelines(semel, tmp_path, {"brokers": cluster.bootstrap, "log-level": "info",
                                      "pipelines": [{"name": "ingest", "serve": settings}]})
    run.start()
    assert (run.post(event(1), "first"), run.post(event(1), "second")) == (200, 401)

    give("second")
    run.write(**{"log-level": "error"})
    run.hang_up()
    wait_for(lambda: run.post(event(2), "second") == 200, "the new key is taken")
    assert run.post(event(2), "first") == 401
    said = len(run.process.stderr)

    # What cannot be read changes nothing.
    for broken, why in ((lambda: keys.write_text("web no-digest\n"), f"{keys}:1"), (keys.unlink, str(keys)),
                        (lambda: run.write(**{"log-level": "loud"}), "semel.yaml:2:12: --log-level")):
        broken()
        run.hang_up()
        wait_for(lambda: why in run.process.stderr[said:], why)
        assert run.post(event(3), "second") == 200
        give("second")
    assert "SIGHUP changes nothing" in run.process.stderr[said:]
    assert " info " not in run.process.stderr[said:]

    settings["max-batch"] = 5
    run.write(**{"log-level": "info"})
    run.hang_up()
    run.process.wait_for_log("secrets and log level were read again")
    assert "its settings in the file are others now" in run.process.stderr[said:]
    assert run.process.running
    run.process.term()
    assert run.process.wait(60) == 0, run.process.describe()


def test_sighup_takes_another_connection_string(cluster: Cluster, semel: Semel, database: Database, topic: TopicFactory,
                                                tmp_path: Path) -> None:
    source, to = topic("in"), tmp_path / "database"
    named = lambda name: database.url + ("&" if "?" in database.url else "?") + f"application_name={name}\n"
    sessions = lambda: [row[0] for row in database.rows(
        "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'semel-%'")]
    to.write_text(named("semel-first"))
    file = tmp_path / "semel.yaml"
    file.write_text(yaml.safe_dump({"brokers": cluster.bootstrap, "pipelines": [
        {"name": "table", "sink-postgres": {"from": source, "to": f"file:{to}", "table": "events", "create-table": True}}]}))
    process = semel.start("run", "-c", str(file))
    wait_for(lambda: sessions() == ["semel-first"] or not process.running, "a session")
    to.write_text(named("semel-second"))
    os.kill(process.pid, signal.SIGHUP)
    process.wait_for_log("another connection string, for the next session with PostgreSQL")
    assert sessions() == ["semel-first"]
    database.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'semel-first'")
    cluster.produce(source, [Record(b'{"id": 1}')])
    wait_for(lambda: sessions() == ["semel-second"] or not process.running, "the next one")
    wait_for(lambda: database.count("events") == 1 or not process.running, "the row")
    process.term()
    assert process.wait(60) == 0, process.describe()


def test_the_first_error_ends_all_and_is_the_exit_code(cluster: Cluster, semel: Semel, topic: TopicFactory,
                                                       tmp_path: Path) -> None:
    content = flow(cluster, topic("in"))
    del content["pipelines"][2]
    content["pipelines"][1]["dedup"] |= {"from": "no-such-topic", "create-topics": False}
    content["pipelines"][0]["serve"]["listen"] = "127.0.0.1:0"
    run = Pipelines(semel, tmp_path, content)
    run.write()
    result = semel.run("run", "-c", str(run.file))
    assert result.code == 2, result.stderr
    assert "this pipeline has ended, and the others end with it pipeline=once" in result.stderr
    assert "no-such-topic" in result.stderr.splitlines()[-1]
    assert [json.loads(line)["pipeline"] for line in result.stdout.splitlines()] == ["ingest", "once"]


def test_check_and_explain_ask_nobody(semel: Semel, tmp_path: Path) -> None:
    file = tmp_path / "semel.yaml"
    secret = {"DATABASE_URL": "postgresql://semel:hunter2@127.0.0.1:1/shop"}
    file.write_text(f"brokers: {NOWHERE}\n"
                    "pipelines:\n"
                    "  - name: ingest\n"
                    "    serve: {to: events, key: [json:/id]}\n"
                    "  - name: once\n"
                    "    dedup: {from: events, to: events.unique, key: [json:/id]}\n"
                    "  - name: table\n"
                    "    sink-postgres: {from: events.unique, to: '${DATABASE_URL}', table: events}\n")
    checked = semel.run("run", "--check", "-c", str(file), env=secret, timeout=10)
    assert (checked.code, checked.stdout) == (0, f"{file}: 3 pipelines, nothing wrong\n"), checked.stderr
    explained = semel.run("run", "--explain", "-c", str(file), env=secret, timeout=10)
    assert explained.code == 0, explained.stderr
    for line in ("127.0.0.1:8080 POST /v1/events -> ingest (serve) -> events",
                 "events -> once (dedup) -> events.unique", 'events.unique -> table (sink-postgres) -> table "events"',
                 "    --allow-principal User:ANONYMOUS --operation Read --group semel.events"):
        assert line in explained.stdout.splitlines()
    assert "hunter2" not in explained.stdout + explained.stderr

    example = semel.run("run", "--check", "-c", str(ROOT / "deploy/semel.yaml"), env=secret | {"KAFKA_BROKERS": NOWHERE}, timeout=10)
    assert example.code == 0, example.stderr

    unset = semel.run("run", "--check", "-c", str(file), timeout=10)
    assert (unset.code, unset.stderr) == (2, f"semel run: {file}:8:46: the environment has no variable DATABASE_URL\n")
    file.write_text(file.read_text() + "  - name: back\n    dedup: {from: events.unique, to: events}\n")
    for flags in (("--check",), ("--explain",), ()):
        refused = semel.run("run", *flags, "-c", str(file), env=secret, timeout=10)
        assert refused.code == 2
        assert refused.stderr == (f"semel run: {file}:10:19: the topics go in a circle, and their records for ever: "
                                  "events.unique -> events -> events.unique\n")
