"""Kafka as the tests see it: topics, records, transactions, group offsets, and brokers that can be hurt.

Everything waits for its result and has a deadline; what the broker refuses is raised.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

# Debian's confluent-kafka releases None too often (once in each list_topics, for one); some thousand calls later the
# interpreter aborts. So None gets references to spare: its count is the first word of the object.
ctypes.c_ssize_t.from_address(id(None)).value += 1 << 30

ROOT = Path(__file__).resolve().parents[2]
NEWEST_LIBRDKAFKA = os.environ.get("SEMEL_LIBRDKAFKA") == "newest"  # ./dev test --librdkafka newest
DEADLINE = 60.0  # seconds; far above what anything takes, even on a busy machine

Config = Mapping[str, Any]


def dev(*args: str, timeout: float = 300, env: Mapping[str, str] | None = None) -> str:
    """Runs ./dev and returns what it printed."""
    done = subprocess.run([str(ROOT / "dev"), *args], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=timeout, check=False, env={**os.environ, **(env or {})})
    if done.returncode != 0:
        raise RuntimeError(f"./dev {' '.join(args)} -> {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def wait_for(condition: Callable[[], Any], what: str, timeout: float = DEADLINE) -> Any:
    """Polls until the condition is true, and returns its value."""
    end = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"not within {timeout:g} s: {what}")
        time.sleep(0.05)
    return value


T = TypeVar("T")

# What goes away by itself: a broker that was killed with the request in it, a coordinator that moves or has just started.
_PASSING = (KafkaError._TIMED_OUT, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._WAIT_COORD,
            KafkaError.REQUEST_TIMED_OUT, KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE,
            KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.NOT_LEADER_FOR_PARTITION)


def ask(question: Callable[[float], T]) -> T:
    """The answer to a question that changes nothing. It is asked again, as librdkafka does not do, where brokers die.

    It is handed the seconds that one attempt may take.
    """
    end = time.monotonic() + 2 * DEADLINE
    while True:
        try:
            return question(10)
        except KafkaException as error:
            if error.args[0].code() not in _PASSING or time.monotonic() > end:
                raise
        time.sleep(0.2)


def unique(prefix: str) -> str:
    return f"{prefix}.{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True)
class Record:
    """What is written, and what comes back. Headers are in order, may repeat, and their values may be null."""

    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp: int | None = None  # milliseconds; None on the way in: now
    partition: int = 0
    offset: int | None = None  # known once it has been read

    def content(self) -> tuple[Any, ...]:
        """All that must survive a copy unchanged."""
        return (self.key, self.value, self.headers, self.timestamp)


class Broker:
    """One broker of the cluster that ./dev runs in SEMEL_CLUSTER_DIR."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._paused = False

    def _do(self, action: str) -> None:
        dev("broker", action, str(self.number))

    def kill(self) -> None:
        """SIGKILL; returns when the process is gone. The cluster notices about 9 s later."""
        self._do("kill")
        self._paused = False

    def stop(self) -> None:
        """Graceful: hands its leaderships over first."""
        self._do("stop")

    def start(self) -> None:
        """Returns when the broker serves again; does nothing when it runs."""
        self._do("start")

    def pause(self) -> None:
        self._do("pause")
        self._paused = True

    def resume(self) -> None:
        self._do("resume")
        self._paused = False

    def restore(self) -> None:
        if self._paused:
            self.resume()
        self.start()


class Transaction:
    """A transaction that has begun. One that is neither committed nor aborted stays open, as after a crash."""

    def __init__(self, bootstrap: str, transactional_id: str, config: Config) -> None:
        self._producer = Producer({
            "bootstrap.servers": bootstrap,
            "transactional.id": transactional_id,
            "linger.ms": 0,
            **config,
        })
        self._producer.init_transactions(DEADLINE)
        self.begin()

    def begin(self) -> None:
        self._producer.begin_transaction()

    def send(self, topic: str, records: Iterable[Record]) -> list[int]:
        return _send(self._producer, topic, records)

    def commit(self) -> None:
        """Returns, as Kafka does, before readers can see it; Cluster.read waits for that."""
        self._producer.commit_transaction(DEADLINE)

    def abort(self) -> None:
        self._producer.abort_transaction(DEADLINE)


class Cluster:
    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.admin = AdminClient({"bootstrap.servers": bootstrap})

    # Topics

    def create_topic(self, name: str, partitions: int = 1, replication: int = 3, config: Config | None = None) -> str:
        """Returns the name when every partition has a leader and all its replicas in sync, and every broker knows it."""
        topic = NewTopic(name, partitions, replication, config={k: str(v) for k, v in (config or {}).items()})
        try:
            self.admin.create_topics([topic], operation_timeout=30)[name].result(DEADLINE)
        except KafkaException as error:  # a slow answer makes librdkafka ask again
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
        self.wait_in_sync(name)
        for broker in self.bootstrap.split(","):
            wait_for(lambda: _partitions(broker, name) == partitions, f"broker {broker} knows topic {name}")
        return name

    def delete_topic(self, name: str) -> None:
        """Returns when every broker has forgotten it, so that it can be made anew."""
        self.admin.delete_topics([name], operation_timeout=30)[name].result(DEADLINE)
        for broker in self.bootstrap.split(","):
            wait_for(lambda: not _partitions(broker, name), f"broker {broker} forgets topic {name}")

    def metadata(self) -> dict[str, Any]:
        """What brokers say of each topic: partitions, leaders, replicas in sync."""
        return ask(lambda timeout: self.admin.list_topics(timeout=timeout).topics)

    def topics(self) -> dict[str, int]:
        """Partition counts by name."""
        found = self.metadata()
        return {name: len(topic.partitions) for name, topic in found.items()}

    def topic_config(self, name: str) -> dict[str, str]:
        resource = ConfigResource(ConfigResource.Type.TOPIC, name)

        def asked() -> dict[str, Any] | None:
            try:
                return ask(lambda timeout: self.admin.describe_configs([resource])[resource].result(timeout))
            except KafkaException as error:
                if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                    return None  # a broker that has not heard of a new topic yet
                raise
        found = wait_for(asked, f"settings of topic {name}", 10)
        return {key: entry.value for key, entry in found.items()}

    def set_topic_config(self, name: str, config: Config) -> None:
        """Adds to what is set already."""
        settings = ",".join(f"{key}=[{value}]" for key, value in config.items())
        kafka_tool("kafka.admin.ConfigCommand", "--alter", "--entity-type", "topics", "--entity-name", name,
                   "--add-config", settings)

    def delete_records(self, topic: str, before: int, partition: int = 0) -> None:
        """Moves the start of the log, as retention does."""
        wanted = {"version": 1, "partitions": [{"topic": topic, "partition": partition, "offset": before}]}
        with tempfile.NamedTemporaryFile("w", suffix=".json") as request:
            json.dump(wanted, request)
            request.flush()
            kafka_tool("DeleteRecordsCommand", "--offset-json-file", request.name)

    def add_partitions(self, topic: str, count: int) -> None:
        """Until there are `count`, and every broker knows it."""
        for future in self.admin.create_partitions([NewPartitions(topic, count)]).values():
            future.result(DEADLINE)
        for broker in self.bootstrap.split(","):
            wait_for(lambda: _partitions(broker, topic) == count, f"{topic} has {count} partitions on {broker}")
        self.wait_in_sync(topic)

    def wait_in_sync(self, topic: str | None = None, timeout: float = DEADLINE) -> None:
        """Until every partition (of that topic) has a leader and all its replicas in sync."""
        def in_sync() -> bool:
            found = self.metadata()
            if topic is not None:
                found = {topic: found[topic]} if topic in found else {}
            partitions = [p for t in found.values() for p in t.partitions.values()]
            return bool(partitions or topic is None) and all(
                p.leader >= 0 and len(p.isrs) == len(p.replicas) for p in partitions)
        wait_for(in_sync, f"in sync: {topic or 'all topics'}", timeout)

    # Records

    def produce(self, topic: str, records: Iterable[Record], config: Config | None = None) -> list[int]:
        """Returns the offset of each record; all are acknowledged by every replica in sync."""
        producer = Producer({
            "bootstrap.servers": self.bootstrap,
            "enable.idempotence": True,
            "linger.ms": 5,
            **(config or {}),
        })
        return _send(producer, topic, records)

    def transaction(self, transactional_id: str | None = None, config: Config | None = None) -> Transaction:
        return Transaction(self.bootstrap, transactional_id or unique("test"), config or {})

    def start_offset(self, topic: str, partition: int = 0) -> int:
        return self._watermarks(topic, partition, "read_uncommitted")[0]

    def end_offset(self, topic: str, partition: int = 0, committed: bool = False) -> int:
        """The high watermark; committed: the last stable offset."""
        return self._watermarks(topic, partition, "read_committed" if committed else "read_uncommitted")[1]

    def wait_stable(self, topic: str, partition: int = 0, timeout: float = DEADLINE) -> None:
        """Until no transaction is open in that partition.

        A commit is answered before its markers are in the partitions; without this, a reader that looks right after
        it would sometimes not see the last transaction. One that was left open goes away in at most 15 s
        (5 s transaction timeout, and brokers look every 10 s).
        """
        wait_for(lambda: self.end_offset(topic, partition, committed=True) == self.end_offset(topic, partition),
                 f"no open transaction in {topic}/{partition}", timeout)

    def read(self, topic: str, partition: int = 0, committed: bool = True, start: int | None = None,
             stable: bool = True, timeout: float = DEADLINE) -> list[Record]:
        """One partition up to the end it had at the call: the last stable offset, or the high watermark.

        Committed and stable: first waits until no transaction is open; stable=False reads what is to be seen now.
        """
        deadline = time.monotonic() + timeout
        if committed and stable:
            self.wait_stable(topic, partition, timeout)
        consumer = self._consumer("read_committed" if committed else "read_uncommitted", eof=True)
        try:
            first, end = _watermarks(consumer, topic, partition)
            position = first if start is None else start
            records: list[Record] = []
            if position >= end:
                return records
            consumer.assign([TopicPartition(topic, partition, position)])
            while time.monotonic() < deadline:
                for message in consumer.consume(10_000, 0.2):
                    error = message.error()
                    # The end is reached when the broker says so: behind the last record there may be control records.
                    if error is not None and error.code() == KafkaError._PARTITION_EOF:
                        if message.offset() >= end:
                            return records
                    elif error is not None:
                        raise KafkaException(error)
                    elif message.offset() < end:
                        records.append(_record(message))
            raise TimeoutError(f"{topic}/{partition}: {len(records)} records, but not the end at {end} in {timeout:g} s")
        finally:
            consumer.close()

    def read_all(self, topic: str, committed: bool = True, timeout: float = DEADLINE) -> dict[int, list[Record]]:
        """Every partition, by number."""
        return {p: self.read(topic, p, committed, timeout=timeout) for p in range(self.topics()[topic])}

    # Consumer groups

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """Next offset by partition; partitions without one are left out."""
        consumer = self._consumer("read_committed", group=group)
        try:
            asked = [TopicPartition(topic, p) for p in range(self.topics()[topic])]
            found = ask(lambda timeout: consumer.committed(asked, timeout=timeout))
            for each in found:
                if each.error is not None:
                    raise KafkaException(each.error)
            return {each.partition: each.offset for each in found if each.offset >= 0}
        finally:
            consumer.close()

    def set_committed(self, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        """Only while the group has no members."""
        consumer = self._consumer("read_committed", group=group)
        try:
            wanted = [TopicPartition(topic, p, offset) for p, offset in offsets.items()]
            for each in consumer.commit(offsets=wanted, asynchronous=False):
                if each.error is not None:
                    raise KafkaException(each.error)
        finally:
            consumer.close()

    def delete_group(self, group: str) -> None:
        """The group's offsets are lost. Only while it has no members."""
        kafka_tool("consumer.group.ConsumerGroupCommand", "--delete", "--group", group)

    def lag(self, group: str, topic: str) -> int:
        """What a committed reader has not done yet, over all partitions; trailing control records count."""
        done = self.committed(group, topic)
        return sum(self.end_offset(topic, p, committed=True) - done.get(p, self.start_offset(topic, p))
                   for p in range(self.topics()[topic]))

    def members(self, group: str) -> list[str]:
        """The client ids of the group's members; empty also where there is no such group."""
        return sorted(member.client_id for each in self._groups(group) for member in each.members)

    def settled(self, group: str, members: int) -> bool:
        """So many members, and each knows what is its own."""
        return [(each.state, len(each.members)) for each in self._groups(group)] == [("Stable", members)]

    def _groups(self, group: str) -> list[Any]:
        return ask(lambda timeout: self.admin.list_groups(group, timeout=timeout))

    def _consumer(self, isolation: str, group: str = "test.nobody", eof: bool = False) -> Consumer:
        return Consumer({
            "bootstrap.servers": self.bootstrap,
            "group.id": group,
            "isolation.level": isolation,
            "enable.auto.commit": False,
            "enable.partition.eof": eof,
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 50,  # how long the broker thinks before it says that this was the end
        })

    def _watermarks(self, topic: str, partition: int, isolation: str) -> tuple[int, int]:
        consumer = self._consumer(isolation)
        try:
            return _watermarks(consumer, topic, partition)
        finally:
            consumer.close()


def kafka_tool(tool: str, *args: str) -> str:
    """One of Kafka's own tools, for what librdkafka cannot do; takes 2 s to start."""
    done = dev("kafka", tool, *args)
    if "Error" in done or "Exception" in done:  # some of them end with 0 all the same
        raise RuntimeError(f"{tool}: {done}")
    return done


def _partitions(broker: str, topic: str) -> int:
    """How many that broker knows. A client of its own, because one that has met the others may ask any."""
    client = AdminClient({"bootstrap.servers": broker})
    known = ask(lambda timeout: client.list_topics(timeout=timeout).topics)
    return len(known[topic].partitions) if topic in known else 0


def _watermarks(consumer: Consumer, topic: str, partition: int) -> tuple[int, int]:
    return ask(lambda timeout: consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=timeout))


def _send(producer: Producer, topic: str, records: Iterable[Record]) -> list[int]:
    offsets: list[int] = []
    errors: list[KafkaError] = []
    end = time.monotonic() + DEADLINE
    for index, record in enumerate(records):
        offsets.append(-1)

        def delivered(error: KafkaError | None, message: Any, index: int = index) -> None:
            if error is not None:
                errors.append(error)
            else:
                offsets[index] = message.offset()

        arguments: dict[str, Any] = {"timestamp": record.timestamp} if record.timestamp is not None else {}
        if record.headers:
            arguments["headers"] = list(record.headers)
        while True:
            try:
                producer.produce(topic, value=record.value, key=record.key, partition=record.partition,
                                 on_delivery=delivered, **arguments)
                break
            except BufferError:  # full; reports make room
                if time.monotonic() > end:
                    raise
                producer.poll(0.1)
        producer.poll(0)
    left = producer.flush(DEADLINE)
    if errors:
        raise KafkaException(errors[0])
    if left:
        raise TimeoutError(f"{topic}: {left} records not acknowledged within {DEADLINE:g} s")
    return offsets


def _record(message: Any) -> Record:
    _, timestamp = message.timestamp()
    return Record(value=message.value(), key=message.key(), headers=tuple(message.headers() or ()), timestamp=timestamp,
                  partition=message.partition(), offset=message.offset())
