"""An event endpoint as it is often written: the program that `semel serve` is compared with.

SHA-256 of five fields; a look into Redis; if it is not there, it is put there for seven days and the event goes to Kafka,
whose answer nobody waits for. An event is lost when the process ends between the two, and when Kafka does not take it.

KAFKA=BROKERS TOPIC=NAME REDIS=unix:///PATH uvicorn fastapi_service:app
"""

import hashlib
import os

import redis.asyncio
from confluent_kafka import Producer
from fastapi import FastAPI, Request

WINDOW = 7 * 24 * 3600

app = FastAPI()
seen = redis.asyncio.from_url(os.environ["REDIS"])
topic = os.environ["TOPIC"]
producer = Producer({"bootstrap.servers": os.environ["KAFKA"], "enable.idempotence": True, "compression.type": "lz4",
                     "queue.buffering.max.messages": 1_000_000})


@app.post("/api-fast/view-event")
async def view_event(request: Request) -> dict[str, str]:
    body = await request.body()
    event = await request.json()
    text = "".join(str(event[field]) for field in ("userId", "content_id", "event_name", "event_datetime", "sid"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    if await seen.get(digest) is not None:
        return {"status": "duplicate"}
    await seen.setex(digest, WINDOW, 1)
    producer.produce(topic, value=body, key=digest)
    producer.poll(0)
    return {"status": "accepted"}
