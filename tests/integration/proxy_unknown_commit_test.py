"""Commits whose request or answer is lost: carried out or not, and found out, never guessed."""

from __future__ import annotations

import pytest
from cluster import NEWEST_LIBRDKAFKA, Cluster, wait_for
from conftest import ScenarioFactory
from fault_proxy import FaultProxy, Pattern, answer, request
from job import Page
from kafka_frames import Api
from proxy_faults import label
from proxy_scenario import SHORT_SESSION, Scenario

COMMIT = request(Api.END_TXN, commit=True)
COMMITTED = answer(Api.END_TXN, commit=True)
named_or_not = pytest.mark.parametrize("named", [True, False], ids=label)


def wait_replaced(proxy: FaultProxy, after: int) -> None:
    proxy.wait_seen(answer(Api.INIT_PRODUCER_ID), after)


def wait_unknown(page: Page, count: int = 1) -> None:
    wait_for(lambda: page.total("semel_transactions_total", 'result="unknown"') >= count, "the commit is unknown to the worker")


@named_or_not
@pytest.mark.parametrize("lost", [COMMIT, COMMITTED], ids=["request", "answer"])
def test_lost_once(lost: Pattern, named: bool, scenario: ScenarioFactory) -> None:
    """The client asks again and is answered; then the producer is replaced, for the lost one may arrive yet."""
    main = scenario()
    worker = main.begin(named=named)
    before = main.proxy.now()
    main.proxy.cut(lost).wait()
    wait_replaced(main.proxy, before)
    main.wait_committed(worker, 2)
    main.finish()


@pytest.mark.parametrize("lost", [COMMIT, COMMITTED], ids=["requests", "answers"])
def test_lost_until_it_is_given_up(lost: Pattern, scenario: ScenarioFactory) -> None:
    """No try of 5 s is heard of: the commit is unknown, and a new producer decides it."""
    main, page = scenario(), Page()
    worker = main.begin(*page.flags)
    before = main.proxy.now()
    gone = main.proxy.cut(lost, times=1_000_000)
    wait_replaced(main.proxy, before)
    gone.release()
    main.wait_committed(worker, 2)
    wait_unknown(page)
    main.finish()


def unknown(main: Scenario, page: Page, cluster: Cluster, carried_out: bool, count: int = 1) -> None:
    """The coordinator carries a commit out or not; before the client hears of it, another producer has the name."""
    gate = main.proxy.hold(COMMITTED if carried_out else COMMIT)
    held = gate.wait()
    before = main.proxy.now()
    cluster.transaction(held.request.transactional_id).abort()
    if carried_out:
        gate.cut()  # asks again and is told that it is fenced
    gate.release()
    main.proxy.wait(lambda: any(each.error for each in main.proxy.seen(COMMITTED, before)), "the commit is refused")
    wait_replaced(main.proxy, before)
    wait_unknown(page, count)


@pytest.mark.parametrize("carried_out", [True, False], ids=["carried_out", "not_carried_out"])
def test_fenced_meanwhile(carried_out: bool, scenario: ScenarioFactory, cluster: Cluster) -> None:
    main, page = scenario(), Page()
    worker = main.begin(*page.flags)
    unknown(main, page, cluster, carried_out)
    main.wait_committed(worker, 2)
    main.finish()


@pytest.mark.parametrize("carried_out", [True, False], ids=["carried_out", "not_carried_out"])
def test_again_and_again(carried_out: bool, scenario: ScenarioFactory, cluster: Cluster) -> None:
    """Every time the answer to reading the offsets back is lost as well."""
    main, page = scenario(), Page()
    worker = main.begin(*page.flags)
    for count in (1, 2, 3):
        main.proxy.cut(answer(Api.OFFSET_FETCH))
        unknown(main, page, cluster, carried_out, count)
        main.wait_committed(worker, 1)
    main.finish()


@pytest.mark.parametrize("lost, named", [(COMMIT, False), (COMMITTED, True)], ids=["request-unnamed", "answer-named"])
def test_lost_and_the_worker_dies(lost: Pattern, named: bool, scenario: ScenarioFactory) -> None:
    """Between its offsets and the end of its transaction, or right behind that."""
    main = scenario(*SHORT_SESSION)
    worker = main.begin(named=named)
    gate = main.proxy.hold(lost)
    gate.wait()
    main.kill(worker)
    gate.lose()
    worker = main.worker(named=named)
    main.wait_committed(worker)
    main.finish()


@named_or_not
def test_old_one_arrives_while_the_next_owner_restores(named: bool, scenario: ScenarioFactory) -> None:
    """The dead worker's commit is still under way when its successor looks at the offsets."""
    main = scenario(*SHORT_SESSION)
    worker = main.begin(named=named)
    old = main.proxy.hold(COMMIT)
    old.wait()
    main.kill(worker)
    # The newest librdkafka names topics by their ids; the first Fetch of all is that of the changelog.
    gate = main.proxy.hold(request(Api.FETCH, holding="" if NEWEST_LIBRDKAFKA else main.job.changelog))
    worker = main.worker(named=named)
    gate.wait()
    old.release()
    main.proxy.answer_to(old.hits[0])
    gate.release()
    main.wait_committed(worker)
    main.finish()
