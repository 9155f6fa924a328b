#!/usr/bin/env python3
"""`semel serve` beside what it replaces, by turns.

Usage: serve.py BROKERS [PAIRS]; ./dev bench serve calls it. CPU time is of the process that serves, user and system; ratios
are the medians of the pairs'.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any, Iterator

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent / "build" / "release"
SEMEL = str(BUILD / "apps" / "semel" / "semel")
TICK = os.sysconf("SC_CLK_TCK")

SINGLE_REQUESTS = 20_000
SINGLE_CONNECTIONS = 32
BATCHES = 2_000
BATCH_CONNECTIONS = 8
BATCH_EVENTS = 500  # of http_load
RATE = 400
RATE_SECONDS = 20
EQUAL = ("compression.type=lz4", "linger.ms=5", "max.in.flight=1")  # what semel serve has set


class Server:
    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.port = port
        self._process = process

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def load(self, kind: str, connections: int, requests: int, rate: float = 0) -> dict[str, Any]:
        done = subprocess.run([str(BUILD / "benchmarks" / "http_load"), str(self.port), kind, str(connections),
                               str(requests), str(rate)], check=True, capture_output=True, text=True)
        result: dict[str, Any] = json.loads(done.stdout)
        if result["ok"] != requests:
            sys.exit(f"{kind}: {result}")
        return result

    def cpu_of(self, kind: str, connections: int, requests: int) -> float:
        """Seconds a request."""
        self.load(kind, connections, requests // 10)  # warm
        before = self.cpu_seconds()
        self.load(kind, connections, requests)
        return (self.cpu_seconds() - before) / requests


@contextlib.contextmanager
def running(command: list[str], port: str, **more: Any) -> Iterator[Server]:
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **more)
    try:
        assert process.stderr
        log = ""
        for line in process.stderr:
            log += line
            if found := re.search(port, line):
                yield Server(process, int(found[1]))
                return
        sys.exit(f"{command[0]} does not serve:\n{log}")
    finally:
        process.terminate()
        process.communicate(timeout=60)


@contextlib.contextmanager
def topic(brokers: str) -> Iterator[str]:
    name = f"serve.{uuid.uuid4().hex[:8]}"
    subprocess.run([SEMEL, "topic", "create", name, "--brokers", brokers, "--partitions", "4"], check=True, capture_output=True)
    yield name
    subprocess.run([SEMEL, "topic", "delete", name, "--brokers", brokers], check=True, capture_output=True)


@contextlib.contextmanager
def semel(brokers: str) -> Iterator[Server]:
    with topic(brokers) as name, running(
            [SEMEL, "serve", "--brokers", brokers, "--listen", "127.0.0.1:0", "--to", name, "--view-event-to", name,
             "--key", "json:/event_id"], r" listening .*\bport=(\d+)") as server:
        yield server


@contextlib.contextmanager
def fastapi(brokers: str) -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as directory, topic(brokers) as name:
        socket = f"{directory}/redis"
        redis = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", directory],
                                 stdout=subprocess.DEVNULL)
        try:
            while not os.path.exists(socket):
                time.sleep(0.05)
            with running(["/usr/bin/python3", "-m", "uvicorn", "fastapi_service:app", "--port", "0", "--no-access-log"],
                         r"running on http://127.0.0.1:(\d+)", cwd=HERE / "peers",
                         env={**os.environ, "KAFKA": brokers, "TOPIC": name, "REDIS": f"unix://{socket}"}) as server:
                yield server
        finally:
            redis.terminate()
            redis.wait(30)


def reference_producer(brokers: str, events: int, *properties: str) -> float:
    """CPU seconds an event."""
    with topic(brokers) as name:
        child = subprocess.Popen([str(BUILD / "benchmarks" / "produce_reference"), brokers, name, str(events), *properties])
        _, status, usage = os.wait4(child.pid, 0)
        if status != 0:
            sys.exit(f"produce_reference ended with {status}")
    return (usage.ru_utime + usage.ru_stime) / events


def single_events(brokers: str, pairs: int) -> None:
    ratios = []
    for pair in range(pairs):
        with fastapi(brokers) as server:
            peer = server.cpu_of("view", SINGLE_CONNECTIONS, SINGLE_REQUESTS // 3)
        with semel(brokers) as server:
            ours = server.cpu_of("view", SINGLE_CONNECTIONS, SINGLE_REQUESTS)
        ratios.append(ours / peer)
        print(f"  pair {pair + 1}: an event of 4 KB a request: FastAPI {peer * 1e6:.0f} us, semel serve {ours * 1e6:.0f} us, "
              f"ratio {ratios[-1]:.3f}", flush=True)
    print(f"  CPU of a request: {statistics.median(ratios):.3f} of FastAPI's, median of {pairs} pairs")


def batches(brokers: str, pairs: int) -> None:
    events = BATCHES * BATCH_EVENTS
    ratios, equal_ratios = [], []
    for pair in range(pairs):
        bare = reference_producer(brokers, events)
        equal = reference_producer(brokers, events, *EQUAL)
        with semel(brokers) as server:
            ours = server.cpu_of("batch", BATCH_CONNECTIONS, BATCHES) / BATCH_EVENTS
        ratios.append(ours / bare)
        equal_ratios.append(ours / equal)
        print(f"  pair {pair + 1}: events of 0.2 KB, 500 a request: librdkafka {bare * 1e6:.2f} us, with equal settings "
              f"{equal * 1e6:.2f} us, semel serve {ours * 1e6:.2f} us an event, ratios {ratios[-1]:.2f} and "
              f"{equal_ratios[-1]:.2f}", flush=True)
    print(f"  CPU of an event: {statistics.median(ratios):.2f} of librdkafka's, {statistics.median(equal_ratios):.2f} with equal "
          f"settings, medians of {pairs} pairs")


def latency(brokers: str, runs: int) -> None:
    ratios = []
    with semel(brokers) as server:
        server.load("view", SINGLE_CONNECTIONS, SINGLE_REQUESTS)  # warm
        for run in range(runs):
            times = server.load("view", 256, RATE * RATE_SECONDS, RATE)
            ratios.append(times["p99"] / times["p50"])
            print(f"  run {run + 1}: {RATE} requests a second, open loop: p50 {times['p50']:.1f} ms, p99 {times['p99']:.1f} ms, "
                  f"p99.9 {times['p999']:.1f} ms", flush=True)
    print(f"  p99 is {statistics.median(ratios):.1f} times p50, median of {runs} runs")


def main() -> None:
    brokers = sys.argv[1]
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    single_events(brokers, pairs)
    batches(brokers, pairs)
    latency(brokers, pairs)


if __name__ == "__main__":
    main()
