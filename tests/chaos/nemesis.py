"""What breaks, chosen by a seed: a few faults at a time, and calm in a quarter of the periods."""

from __future__ import annotations

import random
import subprocess
import threading
import time
from collections import Counter
from typing import Any, Callable, Iterator

from brokers import Brokers
from cluster import Cluster, Record
from confluent_kafka import KafkaException
from disk import SmallDisk
from job import Job
from workers import Worker

PERIOD = (4.0, 8.0)  # seconds
CALM = 0.25
CLOCKS = (+86_400, +7_200, +60, -60, -2_400)  # seconds; an hour behind, and records would come from its future

Fault = Callable[[random.Random], Iterator[str]]


class Nemesis:
    """A fault is a generator: nothing to hurt, and it ends at once; else it yields its target when that is hurt, and heals it after that."""

    def __init__(self, seed: int, cluster: Cluster, job: Job, workers: list[Worker], brokers: Brokers, disk: SmallDisk) -> None:
        self.events: list[dict[str, Any]] = []
        self.faults: Counter[str] = Counter()
        self.errors: list[str] = []
        self._seed = seed
        self._cluster = cluster
        self._job = job
        self._workers = workers
        self._brokers = brokers
        self._disk = disk
        self._stop = threading.Event()
        self._running: list[threading.Thread] = []
        self._scaling = threading.Lock()
        self._configuring = threading.Lock()

    def run(self, seconds: float) -> None:
        """Returns when all that was broken is whole again."""
        end = time.monotonic() + seconds
        order = random.Random(self._seed)
        number = 0
        while time.monotonic() < end:
            if order.random() >= CALM:
                for kind in order.choices(list(self._kinds), [weight for weight, _ in self._kinds.values()],
                                          k=order.choice((1, 2, 2, 3))):
                    number += 1
                    thread = threading.Thread(target=self._inflict, args=(kind, random.Random(f"{self._seed} {number}")), daemon=True)
                    thread.start()
                    self._running.append(thread)
            self._stop.wait(min(order.uniform(*PERIOD), max(0.0, end - time.monotonic())))
        self.stop()
        for thread in self._running:
            thread.join(1500)
            if thread.is_alive():
                self.errors.append("a fault does not end")

    def stop(self) -> None:
        """What is broken heals soon."""
        self._stop.set()

    def _inflict(self, kind: str, chance: random.Random) -> None:
        _, fault = self._kinds[kind]
        event: dict[str, Any] = {"fault": kind}
        try:
            for target in fault(chance):
                event.update(target=target, began=time.time())
                self.events.append(event)
                self.faults[kind] += 1
            event["ended"] = time.time()
        except Exception as error:  # a fault that cannot be healed must not pass for none
            self.errors.append(f"{kind}: {error!r}")

    def _last(self, chance: random.Random, low: float, high: float) -> None:
        """A fault lasts, or ends early at the end of the run."""
        self._stop.wait(chance.uniform(low, high))

    # Workers

    def _a_worker(self, chance: random.Random, fits: Callable[[Worker], bool] = lambda _: True) -> Worker | None:
        """Locked: no other fault hurts it meanwhile."""
        for worker in chance.sample(self._workers, len(self._workers)):
            if fits(worker) and worker.wanted and worker.process is not None and worker.lock.acquire(blocking=False):
                return worker
        return None

    def _worker_killed(self, chance: random.Random) -> Iterator[str]:
        if worker := self._a_worker(chance):
            try:
                worker.kill(away=chance.choice((0, 0, 1, 3, 12)))
                yield worker.kind.name
            finally:
                worker.lock.release()

    def _worker_paused(self, chance: random.Random) -> Iterator[str]:
        if worker := self._a_worker(chance):
            try:
                worker.pause()
                yield worker.kind.name
                self._last(chance, 3, 17)  # the transaction ends after 5 s, the session after 10
            finally:
                worker.resume()
                worker.lock.release()

    def _connections_cut(self, chance: random.Random) -> Iterator[str]:
        if worker := self._a_worker(chance):
            try:
                worker.control.cut()
                yield worker.kind.name
                for _ in range(chance.choice((0, 0, 2))):
                    self._last(chance, 0.1, 1.5)
                    worker.control.cut()
            finally:
                worker.lock.release()

    def _network(self, held: tuple[str, ...], lost: bool, low: float, high: float) -> Fault:
        def fault(chance: random.Random) -> Iterator[str]:
            if worker := self._a_worker(chance):
                try:
                    for way in held:
                        worker.control.set(way, 1)
                    yield worker.kind.name
                    self._last(chance, low, high)
                    if lost:
                        worker.control.cut()
                finally:
                    for way in held:
                        worker.control.set(way, 0)
                    worker.lock.release()
        return fault

    def _clock_shifted(self, chance: random.Random) -> Iterator[str]:
        if worker := self._a_worker(chance, lambda each: each.has_clock):
            try:
                ahead = chance.choice(CLOCKS)
                worker.control.set_clock(ahead)
                yield f"{worker.kind.name} {ahead:+d} s"
                self._last(chance, 4, 20)
            finally:
                worker.control.set_clock(0)
                worker.lock.release()

    def _slow_disk(self, chance: random.Random) -> Iterator[str]:
        if worker := self._a_worker(chance, lambda each: each.kind.state_dir):
            try:
                worker.control.set("disk_delay_ms", chance.choice((20, 200, 1000)))
                yield worker.kind.name
                self._restart(worker)  # an end writes snapshots, a start reads them
                self._last(chance, 2, 6)
            finally:
                worker.control.set("disk_delay_ms", 0)
                worker.lock.release()

    def _full_disk(self, chance: random.Random) -> Iterator[str]:
        if worker := self._a_worker(chance, lambda each: each.kind.state_dir):
            try:
                if self._disk.mounted:
                    self._disk.fill()
                else:
                    worker.control.set("disk_full", 1)
                yield worker.kind.name
                self._restart(worker)
                self._last(chance, 2, 6)
            finally:
                self._disk.free()
                worker.control.set("disk_full", 0)
                worker.lock.release()

    def _restart(self, worker: Worker) -> None:
        worker.stop()
        worker.wanted = True

    def _scaled(self, chance: random.Random) -> Iterator[str]:
        """4 - 1 - 4"""
        if not self._scaling.acquire(blocking=False):
            return
        try:
            if (staying := self._a_worker(chance)) is None:
                return
            leaving = [worker for worker in self._workers if worker is not staying and worker.lock.acquire(blocking=False)]
            try:
                for worker in leaving:
                    worker.stop()
                yield f"{staying.kind.name} stays"
                self._last(chance, 2, 8)
            finally:
                for worker in [*leaving, staying]:
                    worker.wanted = True
                    worker.lock.release()
        finally:
            self._scaling.release()

    # Brokers

    def _broker(self, how: str, low: float, high: float) -> Fault:
        def fault(chance: random.Random) -> Iterator[str]:
            with self._brokers.one(chance) as victim:
                if victim is not None:
                    victim.hurt(how)
                    yield f"{victim.number}, {victim.role}"
                    self._last(chance, low, high)
        return fault

    # Topics

    def _topic_config(self, chance: random.Random) -> Iterator[str]:
        """Nothing that the promise rests on."""
        if not self._configuring.acquire(blocking=False):
            return
        try:
            topic, setting, value = chance.choice((
                (self._job.output, "max.message.bytes", chance.choice((1_048_588, 2_097_152, 8_388_608))),
                (self._job.output, "segment.ms", chance.choice((15_000, 604_800_000))),
                (self._job.output, "compression.type", chance.choice(("producer", "zstd", "gzip"))),
                (self._job.source, "retention.ms", chance.choice((-1, 604_800_000))),
                (self._job.source, "segment.bytes", chance.choice((4_194_304, 1_073_741_824))),
                (self._job.changelog, "segment.ms", chance.choice((15_000, 604_800_000))),
                (self._job.changelog, "max.message.bytes", chance.choice((1_048_588, 2_097_152))),
            ))
            try:
                self._cluster.set_topic_config(topic, {setting: value})
            except (RuntimeError, subprocess.TimeoutExpired):
                return  # nobody answers just now
            yield f"{topic} {setting}={value}"
        finally:
            self._configuring.release()

    def _foreign_transaction(self, chance: random.Random) -> Iterator[str]:
        """Records in the input that must never come out: aborted, or left open until the brokers end it."""
        abandoned = chance.random() < 0.5
        try:
            transaction = self._cluster.transaction(config={"transaction.timeout.ms": 8000})
            partition = chance.randrange(self._job.partitions)
            transaction.send(self._job.source, [Record(b'{"event_id":"never"}', partition=partition) for _ in range(20)])
            yield f"{self._job.source} [{partition}]" + (", left open" if abandoned else "")
            self._last(chance, 0.5, 5)
            if not abandoned:
                transaction.abort()
        except (KafkaException, TimeoutError):
            pass  # another fault is in its way, and the brokers end it

    @property
    def _kinds(self) -> dict[str, tuple[float, Fault]]:
        """How often, and what. Whole families are listed one by one, so that the summary names them."""
        both = ("hold_in", "hold_out")
        return {
            "worker killed": (6, self._worker_killed),
            "worker paused": (4, self._worker_paused),
            "connections cut": (2, self._connections_cut),
            "answers late": (1, self._network(("hold_in",), False, 1, 9)),
            "answers lost": (2, self._network(("hold_in",), True, 0.5, 9)),
            "requests late": (1, self._network(("hold_out",), False, 1, 9)),
            "requests lost": (1, self._network(("hold_out",), True, 0.5, 9)),
            "worker cut off": (1, self._network(both, True, 11, 16)),
            "clock shifted": (2, self._clock_shifted),
            "slow disk": (1, self._slow_disk),
            "full disk": (1.5, self._full_disk),
            "scaled 4-1-4": (1.5, self._scaled),
            "broker killed": (2.5, self._broker("kill", 0, 12)),
            "broker stopped": (1, self._broker("stop", 0, 5)),
            "broker paused": (2.5, self._broker("pause", 3, 14)),
            "topic config": (1, self._topic_config),
            "foreign transaction": (1, self._foreign_transaction),
        }
