"""One `semel sink postgres` as the tests see it: its topic, its table, and whether each event is in it once."""

from __future__ import annotations

import json
from typing import Any, Iterable, Mapping

from cluster import Cluster, Record, wait_for
from postgres import Database
from process import Process, Result, Semel


class Sink:
    """`options` go to every run."""

    def __init__(self, cluster: Cluster, semel: Semel, database: Database, source: str, options: Iterable[str] = ()) -> None:
        self.cluster = cluster
        self.semel = semel
        self.brokers = cluster.bootstrap  # by which it gets there
        self.database = database
        self.source = source
        self.options = tuple(options)
        self.to = database.url
        self.table = "events"
        self.group = f"semel.{source}.{self.table}"
        self.produced: dict[int, int] = {}  # records by partition

    def arguments(self, *more: str) -> list[str]:
        return ["sink", "postgres", "--brokers", self.brokers, "--from", self.source, "--to", self.to,
                "--table", self.table, "--create-table", *self.options, *more]

    def start(self, *more: str, env: Mapping[str, str] | None = None) -> Process:
        return self.semel.start(*self.arguments(*more), env=env)

    def run(self, *more: str, code: int = 0, timeout: float = 90, env: Mapping[str, str] | None = None) -> Result:
        """To the end of the input; the exit code must be that one."""
        result = self.semel.run(*self.arguments("--until-end", "--summary", "json", *more), timeout=timeout, env=env)
        assert result.code == code, f"exit code {code} expected, not {result.code}: {result.stdout}{result.stderr}"
        return result

    def produce(self, count: int, partitions: int = 1, **fields: Any) -> None:
        """Events with ids of their own, in turn over the partitions."""
        first = sum(self.produced.values())
        self.cluster.produce(self.source, (
            Record(json.dumps({"id": first + i, "text": f"event {first + i}", **fields}).encode(), partition=i % partitions)
            for i in range(count)), {"linger.ms": 20, "queue.buffering.max.messages": 1_000_000})
        for i in range(partitions):
            self.produced[i] = self.produced.get(i, 0) + count // partitions + (i < count % partitions)

    def count(self) -> int:
        return self.database.count(self.table)

    def wait_count(self, at_least: int, process: Process | None = None) -> None:
        wait_for(lambda: self.count() >= at_least or (process is not None and not process.running), f"{at_least} rows")
        assert process is None or process.running, process.describe()

    def position(self) -> dict[int, int]:
        rows = self.database.rows(f"SELECT partition, next_offset FROM semel_offsets WHERE consumer_group = '{self.group}'")
        return {int(partition): int(offset) for partition, offset in rows}

    def check(self) -> None:
        """Every event that was produced is in the table, once, and the positions are the ends."""
        total = sum(self.produced.values())
        found = self.database.rows(f"SELECT count(*), count(DISTINCT event->>'id'), "
                                   f"count(DISTINCT (kafka_partition, kafka_offset)) FROM {self.table}")[0]
        assert found == [str(total)] * 3, f"rows, ids and places, of {total}: {found}"
        assert self.position() == {p: self.cluster.end_offset(self.source, p) for p in self.produced}
