"""Fixtures of the integration tests.

SEMEL_TEST_BROKERS  bootstrap servers of a cluster that runs already; without it, ./dev up starts one
SEMEL_CLUSTER_DIR   the directory of that cluster (build/test-cluster: never the one that a user works with)
SEMEL_BIN           the binary under test (build/semel)
SEMEL_EXAMPLES      the directory of the built examples (build/release/examples); beside it are the tests' own programs
"""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import Any, Callable, Iterator, Protocol

import pytest
from cluster import ROOT, Broker, Cluster, dev, unique
from driver import Driver
from fault_proxy import FaultProxy
from job import Job
from postgres import Database, Postgres
from process import Semel
from proxy_scenario import Scenario
from redis_server import RedisServer
from server import Load


def pytest_configure() -> None:
    # Ended politely, we still put away what we started.
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, interrupt)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "broker" in getattr(item, "fixturenames", ()):
            item.add_marker("hurts_brokers")


@pytest.fixture(scope="session")
def brokers() -> Iterator[str]:
    """The bootstrap servers."""
    given = os.environ.get("SEMEL_TEST_BROKERS")
    if given:
        yield given
        return
    directory = os.environ.setdefault("SEMEL_CLUSTER_DIR", "build/test-cluster")
    ours = not (ROOT / directory / "bootstrap").exists()
    try:
        yield dev("up").strip()
    finally:
        if ours:
            dev("down")


@pytest.fixture(scope="session")
def cluster(brokers: str) -> Cluster:
    return Cluster(brokers)


@pytest.fixture
def broker(cluster: Cluster) -> Iterator[Callable[[int], Broker]]:
    """broker(2).kill(): whatever is done to brokers is undone at the end of the test."""
    if "SEMEL_CLUSTER_DIR" not in os.environ:
        pytest.skip("SEMEL_TEST_BROKERS without SEMEL_CLUSTER_DIR: not ours to hurt")
    touched: dict[int, Broker] = {}
    yield lambda number: touched.setdefault(number, Broker(number))
    for each in touched.values():
        each.restore()
    if touched:
        cluster.wait_in_sync()


class TopicFactory(Protocol):
    def __call__(self, name: str = "", partitions: int = 1, replication: int = 3, **config: Any) -> str: ...


@pytest.fixture
def topic(cluster: Cluster, request: pytest.FixtureRequest) -> TopicFactory:
    """topic("in", partitions=4, retention_ms=1000): creates a topic with a name of its own.

    Topics are not deleted: they cost little, go away with the cluster, and tell what happened.
    """
    test = re.sub(r"[^a-zA-Z0-9_-]+", "-", request.node.name).strip("-")[:60]

    def create(name: str = "", partitions: int = 1, replication: int = 3, **config: Any) -> str:
        settings = {key.replace("_", "."): value for key, value in config.items()}
        return cluster.create_topic(unique(f"{test}.{name}" if name else test), partitions, replication, settings)

    return create


@pytest.fixture
def semel(tmp_path: Path) -> Iterator[Semel]:
    binary = Path(os.environ.get("SEMEL_BIN") or ROOT / "build" / "semel").resolve()
    processes = Semel(binary, tmp_path)
    yield processes
    processes.close()


def examples() -> Path:
    return Path(os.environ.get("SEMEL_EXAMPLES") or ROOT / "build" / "release" / "examples").resolve()


@pytest.fixture
def programs() -> Path:
    """The directory of the tests' own programs and libraries."""
    return examples().parent / "tests" / "integration"


@pytest.fixture
def example(tmp_path: Path) -> Iterator[Callable[[str], Semel]]:
    """example("unique_consumer").start(...): a program of examples/."""
    made: dict[str, Semel] = {}

    def of(name: str) -> Semel:
        if name not in made:
            logs = tmp_path / name
            logs.mkdir()
            made[name] = Semel(examples() / name, logs)
        return made[name]

    yield of
    for processes in made.values():
        processes.close()


class DriverFactory(Protocol):
    def __call__(self, kind: str, topic: str, group: str, *settings: str, brokers: str = "") -> Driver: ...


@pytest.fixture
def driver(cluster: Cluster, programs: Path, tmp_path: Path) -> Iterator[DriverFactory]:
    """driver("unique", source, group, "by_hand=1")("poll 1000"): a consumer of the library, call by call."""
    binary = programs / "consumer_driver"
    made: list[Driver] = []

    def create(kind: str, topic: str, group: str, *settings: str, brokers: str = "") -> Driver:
        log = tmp_path / f"driver-{len(made)}"
        made.append(Driver(binary, log, kind, brokers or cluster.bootstrap, topic, group, *settings))
        return made[-1]

    yield create
    for each in made:
        each.close()


class JobFactory(Protocol):
    def __call__(self, *options: str, partitions: int = 1, key: str = "json:/event_id", retention_ms: int = -1) -> Job: ...


@pytest.fixture
def job(cluster: Cluster, semel: Semel, topic: TopicFactory, tmp_path: Path) -> JobFactory:
    """job("--on-late", "drop", partitions=3): an empty input topic, and all else of a job over it."""

    def create(*options: str, partitions: int = 1, key: str = "json:/event_id", retention_ms: int = -1) -> Job:
        source = topic("in", partitions=partitions, retention_ms=retention_ms)
        return Job(cluster, semel, tmp_path, source, key, options)

    return create


@pytest.fixture
def proxy(cluster: Cluster) -> Iterator[FaultProxy]:
    """Clients that are given proxy.bootstrap stay behind it."""
    if "SEMEL_CLUSTER_DIR" not in os.environ:
        pytest.skip("SEMEL_TEST_BROKERS without SEMEL_CLUSTER_DIR: its brokers know no proxy")
    proxy = FaultProxy(ROOT / os.environ["SEMEL_CLUSTER_DIR"])
    yield proxy
    proxy.close()
    print(proxy.tail())  # pytest shows it where the test failed


class ScenarioFactory(Protocol):
    def __call__(self, *options: str, partitions: int = 2) -> Scenario: ...


@pytest.fixture
def scenario(proxy: FaultProxy, job: JobFactory) -> ScenarioFactory:
    """scenario("--on-late", "drop").begin(): a job that works behind the proxy."""

    def create(*options: str, partitions: int = 2) -> Scenario:
        return Scenario(job(*options, partitions=partitions), proxy)

    return create


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.close()


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    postgres.start()  # a test may have left it dead
    yield Database(postgres)


@pytest.fixture
def load() -> Iterator[Callable[..., Load]]:
    """load(server, 10_000): clients that post so many events, and repeat what was not taken."""
    made: list[Load] = []

    def create(*args: Any, **more: Any) -> Load:
        made.append(Load(*args, **more))
        return made[-1]

    yield create
    for each in made:
        each.stop()


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.close()
