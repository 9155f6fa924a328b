"""Readers of the output: one that looks on while everything breaks, one that reads it afterwards."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any, Iterator

from cluster import DEADLINE
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from observed import Observed

POLL_RECORDS = 1000


@dataclass(frozen=True)
class Poll:
    """One answer: which records of each partition it brought, as indices of its sequence."""

    began: float
    ended: float
    ranges: dict[int, tuple[int, int]]


def _consumer(brokers: str, isolation: str = "read_committed", **more: Any) -> Consumer:
    return Consumer({
        "bootstrap.servers": brokers,
        "group.id": "chaos.reader",
        "isolation.level": isolation,
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
        "fetch.wait.max.ms": 100,
        "log_level": 0,
        **more,
    })


def identity_of(message: Any) -> int:
    for name, value in message.headers() or ():
        if name == "uid":
            return int(value, 16)
    raise ValueError(f"{message.topic()} [{message.partition()}] offset {message.offset()}: no uid")


class LiveReader:
    """Two threads: one reads on and on, the other asks how far the output is decided."""

    def __init__(self, brokers: str, topic: str, partitions: int) -> None:
        self.observed = Observed("live", partitions)
        self.polls: list[Poll] = []
        self.errors: list[str] = []
        self._brokers = brokers
        self._topic = topic
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._guarded, args=(run,), daemon=True)
                         for run in (self._read, self._ask)]
        for thread in self._threads:
            thread.start()

    def positions(self) -> list[int]:
        """The offset behind the last record seen, by partition."""
        return [s.offsets[-1] + 1 if len(s) else 0 for s in self.observed.sequences]

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(DEADLINE)

    def _guarded(self, run: Any) -> None:
        try:
            run()
        except Exception as error:  # whatever it is, the run must not pass without a reader
            self.errors.append(f"{run.__name__}: {error!r}")

    def _read(self) -> None:
        consumer = _consumer(self._brokers)
        consumer.assign([TopicPartition(self._topic, p, 0) for p in range(len(self.observed.sequences))])
        while not self._stop.is_set():
            self._poll(consumer)
        consumer.close()

    def _poll(self, consumer: Consumer) -> None:
        """One by one: taking them in batches skips or repeats with old versions of librdkafka."""
        began = time.time()
        before = list(map(len, self.observed.sequences))
        count = 0
        message = consumer.poll(0.2)
        while message is not None:
            error = message.error()
            if error is None:
                self.observed.see(message.partition(), message.offset(), identity_of(message))
                count += 1
            elif error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
                raise KafkaException(error)  # all else passes when the brokers are back
            message = consumer.poll(0) if count < POLL_RECORDS else None
        if count:
            after = list(map(len, self.observed.sequences))
            ranges = {p: (a, b) for p, (a, b) in enumerate(zip(before, after)) if b > a}
            self.polls.append(Poll(began, time.time(), ranges))

    def _ask(self) -> None:
        consumer = _consumer(self._brokers)
        while not self._stop.wait(1):
            for partition, sequence in enumerate(self.observed.sequences):
                count = len(sequence)  # first this, then the question
                try:
                    _, end = consumer.get_watermark_offsets(TopicPartition(self._topic, partition), timeout=5)
                except KafkaException:
                    continue  # nobody answers just now
                self.observed.stable_end(partition, count, end)
        consumer.close()


def read_all(brokers: str, topic: str, partitions: int, name: str, isolation: str = "read_committed",
             ends: list[int] | None = None) -> Observed:
    """From the beginning to the end that there is now, or to `ends`."""
    observed = Observed(name, partitions)
    consumer = _consumer(brokers, isolation, **{"enable.partition.eof": True})
    try:
        left = set()
        for partition in range(partitions):
            first, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=DEADLINE)
            if end > first and (ends is None or ends[partition] > first):
                left.add(partition)
        consumer.assign([TopicPartition(topic, p, 0) for p in left])
        silent_since = time.monotonic()
        while left:
            if time.monotonic() > silent_since + DEADLINE:
                raise TimeoutError(f"{topic}: nothing for {DEADLINE:g} s, partitions {sorted(left)} are not at their end")
            for message in consumer.consume(10_000, 1):
                silent_since = time.monotonic()
                partition = message.partition()
                error = message.error()
                if error is not None and error.code() == KafkaError._PARTITION_EOF:
                    left.discard(partition)
                elif error is not None:
                    raise KafkaException(error)
                elif ends is not None and message.offset() >= ends[partition]:
                    left.discard(partition)
                elif partition in left:
                    observed.see(partition, message.offset(), identity_of(message))
    finally:
        consumer.close()
    return observed


def read_values(brokers: str, topic: str, partition: int) -> Iterator[tuple[bytes, int]]:
    """Values and timestamps of one partition, committed records only."""
    consumer = _consumer(brokers, **{"enable.partition.eof": True})
    try:
        consumer.assign([TopicPartition(topic, partition, 0)])
        while True:
            message = consumer.poll(DEADLINE)
            if message is None:
                raise TimeoutError(f"{topic} [{partition}]: nothing for {DEADLINE:g} s, and it is not at its end")
            error = message.error()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:
                return
            if error is not None:
                raise KafkaException(error)
            yield message.value(), message.timestamp()[1]
    finally:
        consumer.close()
