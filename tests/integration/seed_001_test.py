"""The walk of docs/seeds/001.md, with the file and the events that stand there."""

from __future__ import annotations

import json
import re
import shlex
import urllib.error
import urllib.request
from pathlib import Path

from cluster import ROOT, Cluster, unique, wait_for
from job import Page
from postgres import Database
from process import Process, Semel

WALK = (ROOT / "docs/seeds/001.md").read_text()


def settings() -> str:
    return re.search(r"<<'END'\n(.*?)^END$", WALK, re.M | re.S)[1]  # type: ignore[index]


def events() -> list[str]:
    return [shlex.split(line)[3] for line in WALK.splitlines() if line.startswith("curl $URL")]


def answers() -> list[str]:
    return [line for line in WALK.splitlines() if line.startswith('{"status"')]


def post(port: int, event: str) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api-fast/view-event", event.encode(),
                                     {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode().strip()
    except urllib.error.HTTPError as error:
        return error.read().decode().strip()


def start(semel: Semel, file: Path, env: dict[str, str]) -> tuple[Process, int]:
    process = semel.start("run", "-c", str(file), env=env)
    process.wait_for_log(" listening pipeline=ingest")
    found = re.search(r" listening pipeline=ingest .*\bport=(\d+)", process.stderr)
    assert found, process.describe()
    return process, int(found[1])


def test_001_from_http_to_a_table(cluster: Cluster, semel: Semel, database: Database, tmp_path: Path) -> None:
    source = unique("views")
    page = Page()
    file = tmp_path / "semel.yaml"
    # Other ports, topics and a table of our own; all else is as it stands there.
    file.write_text(settings().replace("127.0.0.1:8001", "127.0.0.1:0").replace("127.0.0.1:9464", page.address)
                    .replace("view-event-to: views", f"view-event-to: {source}").replace("from: views", f"from: {source}")
                    .replace("to: views.unique", f"to: {source}.unique"))
    env = {"BROKERS": cluster.bootstrap, "DATABASE_URL": database.url}
    made = semel.run("topic", "create", source, "--partitions", "3", "--brokers", cluster.bootstrap)
    assert made.code == 0, made.stderr
    explained = semel.run("run", "--explain", "-c", str(file), env=env)
    assert explained.code == 0 and "/api-fast/view-event -> ingest (serve)" in explained.stdout, explained.stderr

    process, port = start(semel, file, env)
    first, copy, keyless, again = events()
    accepted, duplicate, refused = answers()
    assert post(port, first) == accepted
    # As long as its last look found an empty topic, nothing can be remembered of it.
    wait_for(lambda: post(port, copy) == duplicate, "it remembers")
    assert post(port, keyless) == refused
    wait_for(lambda: database.count("views") == 1, "the row")
    process.kill9()
    process, port = start(semel, file, env)
    assert post(port, again) == '{"status":"accepted"}'
    wait_for(lambda: page.total("semel_records_total", 'outcome="duplicate"') >= 1, "semel dedup knows it")
    process.term()
    assert process.wait(60) == 0, process.describe()
    (row,) = database.rows("SELECT user_id, event_name, event FROM views")
    assert row[:2] == ["7", "watch"] and json.loads(row[2]) == json.loads(first)
