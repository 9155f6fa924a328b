"""`semel serve` and its topics: several of them, made anew, with bounds, and with brokers that refuse an event."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster import Cluster, wait_for
from conftest import TopicFactory
from job import ids
from process import Semel
from redis_server import RedisServer
from server import KEY, Server, event

ACCEPTED = (200, {"status": "accepted"})
DUPLICATE = (200, {"status": "duplicate"})


def statuses(answer: tuple[int, Any]) -> list[str]:
    return [each["status"] for each in answer[1]["results"]]


def wait_memory(server: Server) -> None:
    wait_for(lambda: server.ask("GET", "/readyz")[1]["edge_memory"] == "ok", "the memory answers")


def test_a_topic_made_anew_between_two_runs(cluster: Cluster, semel: Semel, topic: TopicFactory, redis: RedisServer) -> None:
    target = topic(partitions=2)
    server = Server(cluster, semel, "--to", target, "--edge-redis", redis.address, *KEY)
    wait_memory(server)
    assert server.post(event(1)) == ACCEPTED
    wait_for(lambda: server.post(event(1)) == DUPLICATE, "it is remembered")
    server.process.kill9()
    server.start()
    wait_memory(server)
    assert server.post(event(1)) == DUPLICATE, "that is what the memory is for"
    server.process.term()
    assert server.process.wait() == 0, server.process.describe()

    cluster.delete_topic(target)
    cluster.create_topic(target, 2)
    server.start()
    wait_memory(server)
    assert server.post(event(1)) == ACCEPTED, "Kafka does not have it any more"
    assert ids([record.value for records in cluster.read_all(target).values() for record in records]) == ["1"]


@pytest.mark.parametrize("shared", [False, True], ids=["local", "redis"])
def test_a_topic_made_anew_while_it_is_served(shared: bool, cluster: Cluster, semel: Semel, topic: TopicFactory,
                                              redis: RedisServer) -> None:
    target = topic()
    server = Server(cluster, semel, "--to", target, *(("--edge-redis", redis.address) if shared else ()), *KEY)
    wait_memory(server)
    assert server.post(event(1)) == ACCEPTED
    wait_for(lambda: server.post(event(1)) == DUPLICATE, "it is remembered")
    cluster.delete_topic(target)
    cluster.create_topic(target)
    wait_for(lambda: server.post(event(1)) == ACCEPTED, "it is noticed that Kafka does not have it any more")
    assert ids([record.value for record in cluster.read(target)])[:1] == ["1"]


def test_an_event_that_the_brokers_refuse_takes_no_other_with_it(cluster: Cluster, semel: Semel, topic: TopicFactory) -> None:
    target = topic()
    server = Server(cluster, semel, "--to", target, "--on-missing", "accept", "--edge-memory", "0", *KEY)
    assert server.post({"what": "no key"}) == ACCEPTED
    cluster.set_topic_config(target, {"cleanup.policy": "compact"})
    wait_for(lambda: cluster.topic_config(target)["cleanup.policy"] == "compact", "it takes no record without a key")
    answer = wait_for(lambda: (got := server.post([event(1), {"what": "no key"}, event(2)]))[1]["rejected"] and got, "refused")
    assert (answer[0], statuses(answer)) == (207, ["accepted", "rejected", "accepted"])
    assert "Kafka will never take it" in answer[1]["results"][1]["reason"]
    status, alone = server.post({"what": "no key"})
    assert (status, alone["status"]) == (400, "rejected")
    assert server.ask("GET", "/readyz")[1]["kafka"] == "ok", "it is the event's fault"
    assert server.post(event(3)) == ACCEPTED
    assert "INVALID_RECORD" in server.process.stderr
    assert set(ids([record.value for record in cluster.read(target)])) == {"", "1", "2", "3"}


def test_each_topic_has_its_own_bound(cluster: Cluster, semel: Semel, topic: TopicFactory) -> None:
    small, large = topic("small", max_message_bytes=20_000), topic("large", max_message_bytes=3_000_000)
    flags = ("--to", small, "--endpoint", f"path=/large to={large}", "--max-body", "4MiB", *KEY)
    filled = lambda number, size: {**event(number), "filling": "x" * size}
    server = Server(cluster, semel, *flags)
    assert server.post(filled(1, 2_500_000), "/large") == ACCEPTED
    assert server.post(filled(2, 3_100_000), "/large")[0] == 413
    assert server.post(filled(3, 30_000))[0] == 413
    answer = server.post([filled(i, 15_000) for i in range(4, 8)] + [filled(8, 30_000)])
    assert statuses(answer) == ["accepted"] * 4 + ["rejected"]
    assert len(cluster.read(small)) == 4 and len(cluster.read(large)) == 1

    lower = Server(cluster, semel, *flags, "-X", "message.max.bytes=5000")
    assert lower.post(filled(1, 8_000), "/large")[0] == 413, "else its client would send it again for ever"
    assert lower.post(filled(9, 4_000)) == ACCEPTED


def test_each_path_has_its_own_topic_and_key(cluster: Cluster, semel: Semel, topic: TopicFactory, tmp_path: Path) -> None:
    orders, clicks, views = topic("orders"), topic("clicks"), topic("views")
    settings = tmp_path / "serve.yaml"
    settings.write_text(yaml.safe_dump({"to": orders, "key": ["json:/event_id"], "view-event-to": views, "endpoint": [
        {"path": "/v1/clicks", "to": clicks, "key": ["json:/user", "json:/at the"], "on-missing": "accept"},
        {"path": "/v1/one", "to": orders, "batches": False}]}))
    server = Server(cluster, semel, "-c", str(settings))
    assert server.post(event(1)) == ACCEPTED
    assert server.post(event(1), "/v1/one") == ACCEPTED, "each path remembers for itself"
    assert server.post([event(2)], "/v1/one")[0] == 400
    click = {"user": 1, "at the": 7}
    answer = server.post([click, {**click, "event_id": 5}, {**click, "at the": 8}, {"user": 1}], "/v1/clicks")
    assert answer[0] == 200
    assert server.post({"userId": 7, "content_id": 9, "event_name": "a", "event_datetime": "b", "sid": "c"},
                       "/api-fast/view-event") == ACCEPTED
    ordered = [record.key for record in cluster.read(orders)]
    assert len(ordered) == 2 and ordered[0] == ordered[1], "the key rule of --key is theirs"
    clicked = [record.key for record in cluster.read(clicks)]
    assert clicked[0] == clicked[1] != clicked[2] and clicked[3] is None
    assert set(server.ask("GET", "/openapi.json")[1]["paths"]) >= {"/v1/events", "/v1/clicks", "/v1/one", "/api-fast/view-event"}


def test_what_cannot_work_is_said_at_the_start(cluster: Cluster, semel: Semel, topic: TopicFactory) -> None:
    target = topic(cleanup_policy="compact")

    def why(*flags: str) -> str:
        result = semel.run("serve", "--brokers", cluster.bootstrap, "--listen", "127.0.0.1:0", "--to", target, *KEY, *flags)
        assert result.code == 2, result.stderr
        return result.stderr
    assert "is compacted" in why("--on-missing", "accept")
    assert "--max-events-in-flight is below --max-batch" in why("--max-events-in-flight", "999")
    assert "--max-bytes-in-flight: 17" in why("--max-bytes-in-flight", "2MiB")
    for endpoint, says in (("path=/a", "to=TOPIC"), ("path=a to=b", "begins with /"), ("path=/livez to=b", "another meaning"),
                           ("path=/v1/events to=b", "is there twice"), ("path=/a to=b from=c", "'from' is none of"),
                           ("/a to=b", "'/a' is not NAME=VALUE"), ("path=/a to=b batches=no", "true or false"),
                           ("path=/a to=b key=header:x", "--key header:x")):
        assert says in why("--endpoint", endpoint), json.dumps(endpoint)
