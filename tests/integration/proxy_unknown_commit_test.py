"""Commits whose request or answer is lost: carried out or not, and found out, never guessed."""

from __future__ import annotations

import pytest
from cluster import wait_for
from conftest import ScenarioFactory
from fault_proxy import FaultProxy, Pattern, answer, request
from job import Page
from kafka_frames import Api

COMMIT = request(Api.END_TXN, commit=True)
COMMITTED = answer(Api.END_TXN, commit=True)
named_or_not = pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])


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
