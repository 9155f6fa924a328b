"""The library, `semel produce` and the sink behind the proxy."""

from __future__ import annotations

import pytest
from cluster import Cluster, Record, unique
from conftest import DriverFactory, TopicFactory
from fault_proxy import FaultProxy, answer, request
from kafka_frames import Api
from postgres import Database
from process import Semel
from proxy_faults import Faults, label, late_and_twice, lost, wait_all
from sink_job import Sink

pytestmark = pytest.mark.at_length

kinds = pytest.mark.parametrize("kind", ["unique", "transactional"])
NAMED = "instance=one"


def put(cluster: Cluster, topic: str, *values: str) -> None:
    cluster.produce(topic, [Record(value.encode()) for value in values])


@pytest.mark.parametrize("api, faults", [(Api.METADATA, lost), (Api.INIT_PRODUCER_ID, lost), (Api.PRODUCE, lost),
                                         (Api.PRODUCE, late_and_twice)], ids=label)
def test_produce(api: Api, faults: Faults, semel: Semel, cluster: Cluster, topic: TopicFactory, proxy: FaultProxy) -> None:
    """Each line arrives once and in order. Batches are small, so that there are many requests."""
    name = topic()
    lines = [b"line %d" % i for i in range(2_000)]
    set_up = faults(proxy, api)
    done = semel.run("produce", name, "--brokers", proxy.bootstrap, "-X", "batch.num.messages=100", stdin=b"\n".join(lines))
    assert done.code == 0, done.stderr
    wait_all(set_up)
    assert [record.value for record in cluster.read(name)] == lines


@kinds
@pytest.mark.parametrize("api", [Api.ADD_OFFSETS_TO_TXN, Api.TXN_OFFSET_COMMIT, Api.END_TXN], ids=label)
def test_a_consumers_commit(api: Api, kind: str, cluster: Cluster, topic: TopicFactory, driver: DriverFactory,
                            proxy: FaultProxy) -> None:
    """The answer is lost; what is sent and what is read go on together all the same."""
    source, output, group = topic("in"), topic("out"), unique("commit")
    put(cluster, source, "a", "b", "c", "d")
    consumer = driver(kind, source, group, NAMED, "by_hand=1", f"output={output}", brokers=proxy.bootstrap)
    for values in (("a", "b"), ("c", "d")):
        assert consumer.values(2) == list(values)
        assert consumer(f"send {output} {values[0].upper()}") == "ok"
        fault = proxy.cut(answer(api))
        assert consumer("commit") == "ok"
        fault.wait()
    consumer.kill9()
    put(cluster, source, "e")
    again = driver(kind, source, group, NAMED, f"output={output}", brokers=proxy.bootstrap)
    assert again.values(1) == ["e"]
    assert again("close") == "ok"
    assert [record.value for record in cluster.read(output)] == [b"A", b"C"]


@kinds
def test_a_consumer_dies_before_its_commit_arrives(kind: str, cluster: Cluster, topic: TopicFactory, driver: DriverFactory,
                                                   proxy: FaultProxy) -> None:
    """What arrives late is carried out or refused, as a whole."""
    source, output, group = topic("in"), topic("out"), unique("late")
    put(cluster, source, "a", "b")
    consumer = driver(kind, source, group, NAMED, "by_hand=1", f"output={output}", brokers=proxy.bootstrap)
    assert consumer.values(2) == ["a", "b"]
    assert consumer(f"send {output} A") == "ok"
    old = proxy.hold(request(Api.END_TXN, commit=True))
    consumer.begin("commit")
    old.wait()
    consumer.kill9()
    again = driver(kind, source, group, NAMED, "by_hand=1", f"output={output}", brokers=proxy.bootstrap)
    assert again.values(2) == ["a", "b"]
    old.release()
    assert proxy.answer_to(old.hits[0]).error
    assert again(f"send {output} A") == "ok"
    assert again("commit") == "ok"
    assert again("close") == "ok"
    assert [record.value for record in cluster.read(output)] == [b"A"]
    assert cluster.committed(group, source) == {0: 2}


@pytest.mark.parametrize("api, faults", [(Api.JOIN_GROUP, lost), (Api.LIST_OFFSETS, lost), (Api.FETCH, lost),
                                         (Api.FETCH, late_and_twice)], ids=label)
def test_sink(api: Api, faults: Faults, semel: Semel, cluster: Cluster, topic: TopicFactory, database: Database,
              proxy: FaultProxy) -> None:
    sink = Sink(cluster, semel, database, topic("in", partitions=2))
    sink.brokers = proxy.bootstrap
    set_up = faults(proxy, api)
    process = sink.start()
    for _ in range(3):
        sink.produce(500, 2)
        sink.wait_count(sum(sink.produced.values()), process)
    wait_all(set_up)
    process.term()
    assert process.wait() == 0, process.describe()
    sink.check()
