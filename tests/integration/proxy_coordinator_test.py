"""A coordinator dies, hangs or moves while a request to it is under way."""

from __future__ import annotations

from typing import Callable

import pytest
from cluster import Broker, Cluster
from conftest import ScenarioFactory
from fault_proxy import Fault, answer, request
from kafka_frames import Api
from proxy_scenario import Scenario

pytestmark = pytest.mark.at_length

Brokers = Callable[[int], Broker]
CARRIED_OUT_OR_NOT = pytest.mark.parametrize("api, is_answer", [
    (Api.END_TXN, False), (Api.END_TXN, True), (Api.TXN_OFFSET_COMMIT, False), (Api.TXN_OFFSET_COMMIT, True)],
    ids=["commit", "commit_answer", "offsets", "offsets_answer"])


def held(main: Scenario, api: Api, is_answer: bool) -> Fault:
    gate = main.proxy.hold((answer if is_answer else request)(api))
    gate.wait()
    return gate


@CARRIED_OUT_OR_NOT
def test_killed(api: Api, is_answer: bool, scenario: ScenarioFactory, broker: Brokers, cluster: Cluster) -> None:
    """END_TXN goes to the coordinator of transactions, TXN_OFFSET_COMMIT to the group's."""
    main = scenario()
    worker = main.begin()
    gate = held(main, api, is_answer)
    coordinator = gate.hits[0].broker
    broker(coordinator).kill()
    gate.cut()
    gate.lose()
    moved = main.proxy.now()
    main.proxy.wait(lambda: [each for each in main.proxy.seen(request(api), moved) if each.broker != coordinator],
                    "another broker is the coordinator")
    broker(coordinator).start()
    cluster.wait_in_sync()
    main.wait_committed(worker, 2)
    main.finish()


@pytest.mark.parametrize("api", [Api.END_TXN, Api.TXN_OFFSET_COMMIT], ids=["commit", "offsets"])
def test_hangs(api: Api, scenario: ScenarioFactory, broker: Brokers, cluster: Cluster) -> None:
    """For longer than a commit is waited for; then it wakes, with what was sent to it before."""
    main = scenario()
    worker = main.begin()
    gate = held(main, api, is_answer=False)
    coordinator = broker(gate.hits[0].broker)
    coordinator.pause()
    before = main.proxy.now()
    gate.release()
    main.proxy.wait_seen(request(Api.FIND_COORDINATOR), before)
    coordinator.resume()
    cluster.wait_in_sync()
    main.wait_committed(worker, 2)
    main.finish()
