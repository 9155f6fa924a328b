"""One job of `semel dedup` as the tests see it: its topics, its command line, the stream that goes in, the verdict."""

from __future__ import annotations

import http.client
import json
import socket
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any, Mapping, Sequence

from cluster import Cluster, Record, wait_for
from process import Process, Result, Semel

SUMMARY = ("read", "unique", "duplicates", "missing", "invalid", "late", "rejected", "transactions", "aborts", "seconds")


class Job:
    """Topics and group of its own. `key` is the key rule, `options` go to every `semel dedup`."""

    def __init__(self, cluster: Cluster, semel: Semel, directory: Path, source: str, key: str = "json:/event_id",
                 options: Sequence[str] = ()) -> None:
        self.cluster = cluster
        self.semel = semel
        self.brokers = cluster.bootstrap  # by which `semel dedup` gets there
        self.source = source
        self.output = f"{source}.unique"
        self.group = f"semel.{source}"
        self.changelog = f"{self.group}.seen"
        self.key = key
        self.window = "7d"
        self.options = tuple(options)
        self._directory = directory

    @property
    def partitions(self) -> int:
        return self.cluster.topics()[self.source]

    def create_output(self, **config: Any) -> None:
        """With settings of our own; otherwise --create-topics makes it."""
        settings = {key.replace("_", "."): value for key, value in config.items()}
        self.cluster.create_topic(self.output, self.partitions, config=settings)

    # The command

    def arguments(self, *more: str) -> list[str]:
        arguments = ["dedup", "--brokers", self.brokers, "--from", self.source, "--to", self.output,
                     "--create-topics"]
        if "--key" not in more:
            arguments += ["--key", self.key]
        if "--window" not in more:
            arguments += ["--window", self.window]
        return [*arguments, *self.options, *more]

    def start(self, *more: str, env: Mapping[str, str] | None = None) -> Process:
        return self.semel.start(*self.arguments(*more), env=env)

    def run(self, *more: str, code: int = 0, timeout: float = 60, env: Mapping[str, str] | None = None) -> Result:
        """To the end of the input; the exit code must be that one."""
        process = self.start("--until-end", "--summary", "json", *more, env=env)
        try:
            result = process.result(timeout)
            assert result.code == code, f"exit code {code} expected: {process.describe()}"
            return result
        finally:
            process.kill9()

    # The stream of `semel prove`

    @property
    def _truth(self) -> Path:
        return self._directory / f"{self.source}.truth"

    def produce_arguments(self, events: int, *more: str, seed: int = 1, shape: str = "small", rate: int = 0) -> list[str]:
        return ["prove", "produce", "--brokers", self.cluster.bootstrap, "--to", self.source, "--truth", str(self._truth),
                "--events", str(events), "--seed", str(seed), "--shape", shape, "--rate", str(rate),
                "--window", self.window, "--summary", "json", *more]

    def produce(self, events: int, *more: str, **stream: Any) -> None:
        process = self.start_stream(events, *more, **stream)
        assert process.wait(120) == 0, process.describe()

    def start_stream(self, events: int, *more: str, **stream: Any) -> Process:
        return self.semel.start(*self.produce_arguments(events, *more, **stream))

    def check(self, *more: str, committed: bool = True) -> dict[str, Any]:
        """Everything in the output, the changelog and the group is as it has to be."""
        self.wait_stable()
        arguments = ["prove", "check", "--brokers", self.cluster.bootstrap, "--truth", str(self._truth),
                     "--from", self.source, "--to", self.output, "--key", self.key, "--window", self.window,
                     "--changelog", self.changelog, *more]
        if committed:
            arguments += ["--group", self.group]
        result = self.semel.run(*arguments, "--summary", "json", timeout=120)
        if result.code != 0:
            told = self.semel.start(*arguments)  # in words, with examples
            told.wait(120)
            raise AssertionError(f"{result.stdout}{result.stderr}\n{told.describe()}")
        return summary_of(result)

    def wait_stable(self) -> None:
        for topic in (self.output, self.changelog):
            for partition in range(self.cluster.topics()[topic]):
                self.cluster.wait_stable(topic, partition)

    # What came out

    def lag(self) -> int:
        return self.cluster.lag(self.group, self.source)

    def wait_caught_up(self, timeout: float = 60) -> None:
        wait_for(lambda: self.lag() == 0, f"lag 0 of {self.group}", timeout)

    def values(self, topic: str | None = None) -> list[bytes | None]:
        """Of all partitions, one after the other."""
        return [record.value for records in self.cluster.read_all(topic or self.output).values() for record in records]


def summary_of(result: Result) -> dict[str, Any]:
    return json.loads(result.stdout.strip().splitlines()[-1])


def adds_up(summary: Mapping[str, Any]) -> bool:
    return summary["read"] == sum(summary[name] for name in SUMMARY[1:7])


def twice(values: Sequence[Any]) -> list[Any]:
    return [value for value, count in Counter(values).items() if count > 1]


def events(ids: Sequence[Any], partition: int = 0, **fields: Any) -> list[Record]:
    """Small JSON events with these identities."""
    return [Record(json.dumps({"event_id": str(i)}).encode(), partition=partition, **fields) for i in ids]


def ids(values: Sequence[bytes | None]) -> list[str]:
    return [json.loads(value or b"{}").get("event_id", "") for value in values]


class Page:
    """The metrics address of a process: a free port, asked for in advance."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"

    @property
    def flags(self) -> tuple[str, str]:
        return ("--metrics", self.address)

    def get(self, path: str) -> tuple[int, str]:
        """Status and body; status 0 while nobody listens."""
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""

    @property
    def ready(self) -> bool:
        return self.get("/readyz")[0] == 200

    def wait_ready(self, process: Process, timeout: float = 60) -> None:
        wait_for(lambda: self.ready or not process.running, f"ready: {process.command}", timeout)
        assert process.running, process.describe()

    def metrics(self) -> dict[str, float]:
        """By name and labels, as in `semel_lag{topic="orders",partition="0"}`."""
        found = {}
        for line in self.get("/metrics")[1].splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                found[name] = float(value)
        return found

    def total(self, name: str, *labels: str) -> float:
        """The sum of that metric's series that carry those labels, written as in result="unknown"."""
        return sum(value for key, value in self.metrics().items()
                   if key.split("{")[0] == name and all(label in key for label in labels))

    @property
    def partitions(self) -> int:
        """How many partitions it serves or restores."""
        return sum(key.startswith("semel_restoring{") for key in self.metrics())


def state(process: Process) -> str:
    """R, S, T (stopped), Z ... as the kernel says."""
    try:
        return Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return "gone"


def wait_stopped(process: Process, timeout: float = 60) -> None:
    wait_for(lambda: state(process) == "T" or not process.running, f"stopped: {process.command}", timeout)
    assert process.running, process.describe()
