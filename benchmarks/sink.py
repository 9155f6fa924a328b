#!/usr/bin/env python3
"""Rows a second of `semel sink postgres` beside `psql \\copy` of the same rows from a file, by turns, into tables alike.

Usage: sink.py BROKERS [RUNS [EVENTS]]; ./dev bench sink calls it. Both are timed from the start of the process to its end. The
server is one of the tests', at PostgreSQL's defaults but for shared_buffers (64 MB).
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "release"
SEMEL = str(BUILD / "apps" / "semel" / "semel")
PARTITIONS = 4

sys.path.insert(0, str(ROOT / "tests" / "integration"))
from postgres import Database, Postgres  # noqa: E402


def seconds(*command: str) -> float:
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return time.monotonic() - began


def compare(brokers: str, server: Postgres, runs: int, events: int) -> None:
    database = Database(server)
    source = f"bench.sink.{uuid.uuid4().hex[:6]}"
    seconds(SEMEL, "topic", "create", source, "--brokers", brokers, "--partitions", str(PARTITIONS))
    seconds(str(BUILD / "benchmarks" / "dedup_input"), brokers, source, str(PARTITIONS), str(events), "small")

    def sink(table: str) -> float:
        return seconds(SEMEL, "sink", "postgres", "--brokers", brokers, "--from", source, "--to", database.url, "--table", table,
                       "--create-table", "--key", "json:/event_id", "--until-end")

    rows = server.directory / "rows"
    sink("warm")  # also makes the rows that \copy reads
    database.sql(f"\\copy warm TO '{rows}'")
    database.sql("CREATE TABLE copied (LIKE warm)")
    print(f"  {events} rows, {rows.stat().st_size / events:.0f} bytes each in COPY's text format", flush=True)
    ratios = []
    for run in range(runs):
        database.sql("DROP TABLE IF EXISTS sunk; TRUNCATE copied; DELETE FROM semel_offsets WHERE table_name <> '\"warm\"'; CHECKPOINT")
        copied = seconds("psql", "-XAtq", "-d", database.url, "-c", f"\\copy copied FROM '{rows}'")
        database.sql("CHECKPOINT")
        sunk = sink("sunk")
        if database.count("sunk") != events or database.count("copied") != events:
            sys.exit("not all rows are there: not comparable")
        ratios.append(copied / sunk)
        print(f"  run {run + 1}: \\copy {events / copied:,.0f} rows/s, semel {events / sunk:,.0f} rows/s, ratio {ratios[-1]:.2f}", flush=True)
    print(f"  rows a second of semel sink postgres: {statistics.median(ratios):.2f} of \\copy's, median of {runs} runs")


def main() -> None:
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    events = int(sys.argv[3]) if len(sys.argv) > 3 else 2_000_000
    server = Postgres()
    try:
        compare(sys.argv[1], server, runs, events)
    finally:
        server.close()


if __name__ == "__main__":
    main()
