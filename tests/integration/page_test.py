"""The page at --metrics, in a browser: while each kind of job works, while one restores, and when it is gone."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Iterator

import pytest
from browser import Browser
from cluster import Cluster, Record, wait_for
from conftest import JobFactory, TopicFactory
from job import Page
from postgres import Database
from process import Semel
from server import KEY, Server
from sink_job import Sink

HOSTILE = "<img src=x onerror=document.title='run'>.properties"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    opened = Browser(tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.close()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    chromium.device(1280, 1000)
    yield chromium
    chromium.open("about:blank")
    chromium.complaints()  # of a process that ends before its page


def states(browser: Browser) -> list[str]:
    return browser.run("[...document.querySelectorAll('tbody tr')].map((row) => row.cells[1].textContent)")


def test_under_load(browser: Browser, job: JobFactory, tmp_path: Path) -> None:
    properties = tmp_path / HOSTILE
    properties.write_text("sasl.password=of-nobody\n")
    properties.chmod(0o644)  # which is warned of: the page has a text to show
    main = job(partitions=3)
    page = Page()
    stream = main.start_stream(900_000, "--invalid", "0.1", rate=2_000)
    process = main.start(*page.flags, "-F", str(properties))
    page.wait_ready(process)
    browser.open(f"http://{page.address}/")

    wait_for(lambda: all(browser.number(f"{name}_rate") > 0 for name in ("read", "identified", "duplicate", "unique")),
             "four rates", 30)
    browser.wait_text('[data-text="state"]', "serves 3 partitions")
    assert browser.text("#connection") == "live"
    assert browser.text('[data-text="from"]') == main.source
    assert browser.text('[data-text="to"]') == main.output
    assert browser.text('[data-text="key"]') == main.key
    assert browser.text('[data-text="window"]').endswith(" of 7 d")
    assert " of " in browser.text('[data-text="memory"]')
    assert states(browser) == ["serving"] * 3
    assert main.source in browser.run("document.title")

    stream.term()  # all figures come to rest
    read = stream.result().summary()["acknowledged"]
    browser.wait_text('[data-text="read"]', f"{read:,}")
    wait_for(lambda: browser.text('[data-text="lag"]') == "0", "lag 0 on the page")
    assert browser.number("invalid") == page.total("semel_records_total", 'outcome="invalid"') > 0
    assert browser.number("unique") + browser.number("duplicate") + browser.number("invalid") == read
    assert browser.number("entries") == page.total("semel_seen_set_entries")

    assert HOSTILE in browser.text("#log"), "a text of the log is shown as text"
    assert browser.run("document.querySelectorAll('#log img').length") == 0
    assert "of-nobody" not in browser.run("document.documentElement.outerHTML")

    browser.device(360, 740)
    assert browser.run("[document.documentElement.scrollWidth, innerWidth]") == [360, 360], "fits a phone"
    light = browser.run("getComputedStyle(document.body).backgroundColor")
    browser.device(360, 740, dark=True)
    assert browser.run("getComputedStyle(document.body).backgroundColor") != light
    assert browser.complaints() == []

    process.kill9()
    browser.wait_text("#connection", "no answer since ")


def test_in_a_restore(browser: Browser, job: JobFactory, cluster: Cluster) -> None:
    """An open transaction at the end of a changelog holds the restore up."""
    main = job(partitions=2)
    main.produce(2_000)
    main.run()
    blocking = cluster.transaction(config={"transaction.timeout.ms": 600_000})
    blocking.send(main.changelog, [Record(b"not of semel", partition=1)])
    page = Page()
    process = main.start(*page.flags)
    wait_for(lambda: page.total("semel_restoring", 'partition="1"') == 1
             and page.total("semel_restoring", 'partition="0"') == 0, "one partition restored, one not")
    browser.open(f"http://{page.address}/")
    browser.wait_text('[data-text="state"]', "restoring 1 of 2 partitions")
    browser.wait_text('[data-text="restored"]', " left")
    assert "restoring" in states(browser)[1]
    assert states(browser)[0] == "serving"
    assert 0 < browser.run("""+document.querySelector('[data-fill="restored"]').getAttribute('aria-valuenow')""") < 100

    blocking.abort()
    browser.wait_text('[data-text="state"]', "serves 2 partitions")
    browser.wait_text('[data-text="restored"]', "all partitions")
    assert states(browser) == ["serving", "serving"]
    assert browser.number("entries") == page.total("semel_seen_set_entries") > 0
    assert browser.complaints() == []
    assert process.running, process.describe()


def check_phone(browser: Browser) -> None:
    browser.device(360, 740)
    assert browser.run("[document.documentElement.scrollWidth, innerWidth]") == [360, 360], "fits a phone"
    assert browser.complaints() == []


def test_of_a_server(browser: Browser, cluster: Cluster, semel: Semel, topic: TopicFactory) -> None:
    page, name = Page(), topic()
    server = Server(cluster, semel, "--to", name, *KEY, *page.flags)
    browser.open(f"http://{page.address}/")
    ids = itertools.count()

    def rates() -> bool:
        assert server.post([{"event_id": next(ids)} for _ in range(50)])[0] == 200
        return all(browser.number(f"{rate}_rate") > 0 for rate in ("requests", "events", "accepted"))
    wait_for(rates, "three rates", 30)
    browser.wait_text('[data-text="state"]', "takes events")
    wait_for(lambda: server.post({"event_id": 0})[1]["status"] == "duplicate", "it remembers")
    assert server.post({"no": "id"})[0] == 400
    browser.wait_text('[data-text="refused"]', "1")
    sent = page.total("semel_serve_events_total", 'result="accepted"')
    assert sent >= next(ids)
    assert [browser.number(each) for each in ("accepted", "duplicate", "rejected", "retry")] == [sent, 1, 1, 0]
    assert browser.number("requests") == page.total("semel_serve_requests_total")
    assert browser.number("remembered") > 0
    assert browser.text('[data-text="from"]') == "/v1/events"
    assert browser.text('[data-text="to"]') == name
    assert browser.number("p99") >= browser.number("p50") > 0
    check_phone(browser)


def test_of_a_sink(browser: Browser, cluster: Cluster, semel: Semel, topic: TopicFactory, database: Database) -> None:
    page = Page()
    sink = Sink(cluster, semel, database, topic("in", partitions=2), ("--on-invalid", "drop"))
    process = sink.start(*page.flags)
    page.wait_ready(process)
    browser.open(f"http://{page.address}/")

    def rates() -> bool:
        sink.produce(200, 2)
        return all(browser.number(f"{rate}_rate") > 0 for rate in ("read", "rows", "committed"))
    wait_for(rates, "three rates", 30)
    cluster.produce(sink.source, [Record(b"not JSON", partition=0)])
    browser.wait_text('[data-text="invalid"]', "1")
    sent = sum(sink.produced.values())
    browser.wait_text('[data-text="rows"]', f"{sent:,}")
    wait_for(lambda: browser.text('[data-text="lag"]') == "0", "lag 0 on the page")
    assert browser.number("read") == page.total("semel_records_read_total") == sent + 1
    browser.wait_text('[data-text="state"]', "writes 2 partitions")
    assert states(browser) == ["reading"] * 2
    assert browser.text('[data-text="table"]') == '"events"'

    database.server.kill9()
    sink.produce(2, 2)  # an idle one does not notice
    browser.wait_text('[data-text="state"]', "waiting for PostgreSQL")
    database.server.start()
    browser.wait_text('[data-text="state"]', "writes 2 partitions")
    assert "connection to server" in browser.text("#log")
    check_phone(browser)
