"""The message of docs/seeds/002 as Python programs have it, and such a program.

Usage: kafka_message.py write BROKERS TOPIC < CONTENTS    a message a line
       kafka_message.py read BROKERS TOPIC COUNT          prints each as JSON
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import confluent_kafka


@dataclass
class KafkaMessage:
    """What it does not know it refuses."""

    message_id: int
    content: str
    producer_id: str
    timestamp: str
    metadata: dict[str, Any]

    def serialize(self, **how: Any) -> str:
        return json.dumps(asdict(self), **how)

    @classmethod
    def deserialize(cls, text: bytes | None) -> KafkaMessage:
        return cls(**json.loads(text or b""))


def write(brokers: str, topic: str) -> None:
    producer = confluent_kafka.Producer({
        "bootstrap.servers": brokers, "acks": "all", "retries": 10, "enable.idempotence": True, "delivery.timeout.ms": 120_000,
        "max.in.flight.requests.per.connection": 1, "compression.type": "lz4"})
    for number, line in enumerate(sys.stdin):
        message = KafkaMessage(number, line.rstrip("\n"), "python", datetime.now().isoformat(), {"line": number})
        producer.produce(topic, message.serialize().encode())
    left = producer.flush(60)
    if left:
        raise TimeoutError(f"{left} messages were not delivered")


def read(brokers: str, topic: str, count: int) -> None:
    consumer = confluent_kafka.Consumer({"bootstrap.servers": brokers, "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    while count:
        message = consumer.poll(1)
        if message is not None and message.error() is None:
            print(KafkaMessage.deserialize(message.value()).serialize())
            count -= 1
    consumer.close()


if __name__ == "__main__":
    print("confluent_kafka", confluent_kafka.__version__, file=sys.stderr)
    if sys.argv[1] == "write":
        write(*sys.argv[2:])
    else:
        read(sys.argv[2], sys.argv[3], int(sys.argv[4]))
