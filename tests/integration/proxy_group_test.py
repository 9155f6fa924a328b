"""What keeps a worker in its group is late or lost, past its session too: a zombie's work never shows."""

from __future__ import annotations

from typing import Callable

import pytest
from cluster import wait_for
from conftest import ScenarioFactory
from fault_proxy import Pattern, answer, request
from job import Page
from kafka_frames import Api
from proxy_scenario import SHORT_SESSION, Scenario

pytestmark = pytest.mark.at_length


def two(main: Scenario, named: bool = True) -> None:
    main.stream()
    for client in ("w0", "w1"):
        main.wait_committed(main.worker(client, named=named), 1, client)


def test_heartbeats_answered_late(scenario: ScenarioFactory) -> None:
    """Three times 2 s, of a session of 45 s: nobody loses a partition."""
    main = scenario("-X", "session.timeout.ms=45000")
    worker = main.begin()
    before = main.proxy.now()
    main.proxy.delay(answer(Api.HEARTBEAT), 2, times=3).wait(3)
    main.wait_committed(worker, 2)
    assert not main.proxy.seen(request(Api.JOIN_GROUP), before)
    main.finish()


@pytest.mark.parametrize("what, named", [(request, True), (answer, False)], ids=["requests-named", "answers-unnamed"])
def test_heartbeats_lost_past_the_session(what: Callable[..., Pattern], named: bool, scenario: ScenarioFactory) -> None:
    """Another has the partitions meanwhile; then the first one joins again."""
    main = scenario(*SHORT_SESSION)
    two(main, named)
    silent = main.proxy.hold(what(Api.HEARTBEAT, "w0"))
    silent.wait()
    before = main.proxy.now()
    main.proxy.wait_seen(answer(Api.SYNC_GROUP, "w1"), before)
    silent.release()
    main.proxy.wait_seen(answer(Api.SYNC_GROUP, "w0"), before)
    main.finish()


@pytest.mark.parametrize("api, named", [(Api.JOIN_GROUP, True), (Api.SYNC_GROUP, True), (Api.SYNC_GROUP, False)],
                         ids=["join", "sync", "sync-unnamed"])
def test_joining_again_is_not_answered(api: Api, named: bool, scenario: ScenarioFactory) -> None:
    """A second worker comes; the answer that the first one gets to that is lost."""
    main = scenario(*SHORT_SESSION)
    first = main.begin(named=named)
    lost = main.proxy.cut(answer(api, "w0"))
    second = main.worker("w1", named=named)
    lost.wait()
    for client, worker in (("w0", first), ("w1", second)):
        main.wait_committed(worker, 2, client)
    main.finish()


def test_leaving_is_lost(scenario: ScenarioFactory) -> None:
    """Its partitions come free at the end of its session."""
    main = scenario(*SHORT_SESSION)
    two(main, named=False)
    leaver = main.workers[0]
    lost = main.proxy.cut(request(Api.LEAVE_GROUP, "w0"), times=1_000_000)
    main.stop(leaver)
    lost.wait()
    main.finish()


def test_a_rebalance_while_a_commit_is_unknown(scenario: ScenarioFactory) -> None:
    """Its answer comes no more, and the partitions are on their way to another."""
    main, page = scenario(), Page()
    first = main.begin(*page.flags)
    lost = main.proxy.cut(answer(Api.END_TXN, "w0", commit=True), times=1_000_000)
    lost.wait()
    before = main.proxy.now()
    second = main.worker("w1")
    main.proxy.wait_seen(request(Api.JOIN_GROUP, "w1"))
    main.proxy.wait_seen(answer(Api.INIT_PRODUCER_ID, "w0"), before)
    lost.release()
    for client, worker in (("w0", first), ("w1", second)):
        main.wait_committed(worker, 2, client)
    wait_for(lambda: page.total("semel_transactions_total", 'result="unknown"') >= 1, "the commit is unknown to the worker")
    main.finish()
