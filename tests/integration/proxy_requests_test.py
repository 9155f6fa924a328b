"""Every kind of request that a worker sends is lost, or its answer is, or it comes late or twice."""

from __future__ import annotations

import pytest
from conftest import ScenarioFactory
from fault_proxy import answer
from kafka_frames import Api
from proxy_faults import Faults, label, late_and_twice, lost, wait_all
from proxy_scenario import FAST

every = pytest.mark.parametrize("faults", [lost, late_and_twice], ids=label)


@every
@pytest.mark.parametrize("api", [Api.METADATA, Api.FIND_COORDINATOR, Api.INIT_PRODUCER_ID, Api.JOIN_GROUP, Api.SYNC_GROUP,
                                 Api.OFFSET_FETCH, Api.LIST_OFFSETS, Api.FETCH], ids=label)
def test_while_it_restores(api: Api, faults: Faults, scenario: ScenarioFactory) -> None:
    """Two workers begin where another stopped; in the first part of their way each fault happens."""
    main = scenario()
    main.job.produce(2_000)
    main.job.run(*FAST)
    main.stream()
    set_up = faults(main.proxy, api)
    named = main.worker("w0")
    unnamed = main.worker("w1", named=False)
    wait_all(set_up)
    for client, worker in (("w0", named), ("w1", unnamed)):
        main.wait_committed(worker, 1, client)
    main.finish()


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


@every
@pytest.mark.parametrize("api", [Api.FETCH, Api.HEARTBEAT], ids=label)
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
