"""Every kind of request that a worker sends is lost, or its answer is, or it comes late or twice."""

from __future__ import annotations

from typing import Callable

import pytest
from conftest import ScenarioFactory
from fault_proxy import Fault, answer
from kafka_frames import Api
from proxy_faults import Faults, label, late_and_twice, lost, wait_all
from proxy_scenario import Scenario

pytestmark = pytest.mark.at_length

every = pytest.mark.parametrize("faults", [lost, late_and_twice], ids=label)


RESTORING = [Api.FIND_COORDINATOR, Api.INIT_PRODUCER_ID, Api.JOIN_GROUP, Api.OFFSET_FETCH, Api.LIST_OFFSETS, Api.FETCH]


def restore(main: Scenario, set_up: Callable[[], list[Fault]]) -> None:
    """Two workers begin where another stopped; in the first part of their way each fault happens."""
    main.stop(main.begin())
    faults = set_up()
    named = main.worker("w0")
    unnamed = main.worker("w1", named=False)
    wait_all(faults)
    for client, worker in (("w0", named), ("w1", unnamed)):
        main.wait_committed(worker, 1, client)
    main.finish()


@pytest.mark.parametrize("api", RESTORING, ids=label)
def test_lost_while_it_restores(api: Api, scenario: ScenarioFactory) -> None:
    main = scenario()
    restore(main, lambda: lost(main.proxy, api))


def test_late_and_twice_while_it_restores(scenario: ScenarioFactory) -> None:
    main = scenario()
    restore(main, lambda: [fault for api in RESTORING for fault in late_and_twice(main.proxy, api)])


@every
@pytest.mark.parametrize("api, named", [
    (Api.PRODUCE, True), (Api.ADD_PARTITIONS_TO_TXN, False), (Api.ADD_OFFSETS_TO_TXN, True), (Api.TXN_OFFSET_COMMIT, False),
    (Api.END_TXN, True)], ids=label)
def test_in_a_transaction(api: Api, named: bool, faults: Faults, scenario: ScenarioFactory) -> None:
    main = scenario()
    worker = main.begin(named=named)
    before = main.proxy.now()
    wait_all(faults(main.proxy, api))
    if faults is lost and api != Api.PRODUCE:  # a request that was never answered
        main.proxy.wait_seen(answer(Api.INIT_PRODUCER_ID), before)
    main.wait_committed(worker, 2)
    main.finish()


@pytest.mark.parametrize("api, faults", [(Api.FETCH, lost), (Api.FETCH, late_and_twice), (Api.HEARTBEAT, lost)], ids=label)
def test_beside_transactions(api: Api, faults: Faults, scenario: ScenarioFactory) -> None:
    main = scenario()
    worker = main.begin()
    wait_all(faults(main.proxy, api))
    main.wait_committed(worker, 2)
    main.finish()


def test_everything_at_once(scenario: ScenarioFactory) -> None:
    """One answer in seven is lost, of each kind."""
    main = scenario()
    worker = main.begin()
    kinds = (Api.FETCH, Api.PRODUCE, Api.ADD_PARTITIONS_TO_TXN, Api.ADD_OFFSETS_TO_TXN, Api.TXN_OFFSET_COMMIT, Api.END_TXN)
    wait_all([main.proxy.cut(answer(api), nth=nth) for api in kinds for nth in (7, 14)])
    main.wait_committed(worker, 2)
    main.finish()
