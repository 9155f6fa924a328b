"""One broker at a time is hurt, and the next one only when all replicas are in sync again: acks=all loses nothing."""

from __future__ import annotations

import random
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

from cluster import Broker, Cluster, wait_for
from confluent_kafka import KafkaException
from job import Job
from workers import KINDS

HEAL_DEADLINE = 600.0  # seconds


def java_hash(text: str) -> int:
    """String.hashCode of Java, made positive as Kafka does: it decides which partition a coordinator has."""
    value = 0
    for unit in text:
        value = (31 * value + ord(unit)) & 0xFFFFFFFF
    return value & 0x7FFFFFFF


@dataclass
class Victim:
    number: int
    role: str
    broker: Broker

    def hurt(self, how: str) -> None:
        try:
            {"kill": self.broker.kill, "stop": self.broker.stop, "pause": self.broker.pause}[how]()
        except RuntimeError:
            self.broker.kill()  # one that takes too long to stop must not stop later, when it is taken for healed

    def heal(self) -> bool:
        """False while it needs longer to start than ./dev waits for it."""
        try:
            self.broker.restore()
            return True
        except (RuntimeError, subprocess.TimeoutExpired):
            return False


class Brokers:
    def __init__(self, cluster: Cluster, job: Job) -> None:
        self._cluster = cluster
        self._job = job
        self._lock = threading.Lock()

    @contextmanager
    def one(self, chance: random.Random) -> Iterator[Victim | None]:
        """None while another one is not well yet."""
        if not self._lock.acquire(blocking=False):
            yield None
            return
        try:
            try:
                victim = wait_for(lambda: self._choose(chance), "somebody leads what is to be hurt")
            except TimeoutError:
                yield None
                return
            try:
                yield victim
            finally:
                wait_for(victim.heal, "the broker is back", HEAL_DEADLINE)
                wait_for(self._whole, "all replicas in sync again", HEAL_DEADLINE)
        finally:
            self._lock.release()

    def _whole(self) -> bool:
        try:
            self._cluster.wait_in_sync(timeout=HEAL_DEADLINE)
            return True
        except KafkaException:
            return False  # nobody answers just now

    def _choose(self, chance: random.Random) -> Victim | None:
        """By what it leads."""
        job = self._job
        named = [kind.name for kind in KINDS if kind.named]
        topic, key = chance.choice((
            (job.output, None),
            (job.changelog, None),
            (job.source, None),
            ("__transaction_state", f"{job.group}-{chance.choice(named)}-0"),
            ("__consumer_offsets", job.group),
        ))
        try:
            found = self._cluster.admin.list_topics(timeout=60).topics
        except KafkaException:
            return None
        if topic not in found:
            return None
        partitions = found[topic].partitions
        partition = chance.randrange(len(partitions)) if key is None else java_hash(key) % len(partitions)
        leader = partitions[partition].leader
        if leader < 0:
            return None
        return Victim(leader, f"leader of {topic} [{partition}]", Broker(leader))
