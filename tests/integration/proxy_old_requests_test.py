"""A request that was given up and repeated reaches the broker late, when the next transaction is open (KAFKA-17754).

The broker cannot tell it from a request of that transaction unless the producer was replaced in between. Each test holds a
request, lets the worker repeat it, and lets the old one go at a chosen moment.
"""

from __future__ import annotations

import pytest
from conftest import ScenarioFactory
from fault_proxy import Fault, FaultProxy, Frame, answer, request
from kafka_frames import Api
from proxy_faults import label
from proxy_scenario import SHORT_SESSION

STEPS = [Api.ADD_PARTITIONS_TO_TXN, Api.ADD_OFFSETS_TO_TXN, Api.TXN_OFFSET_COMMIT, Api.END_TXN]
QUICK = ("-X", "socket.timeout.ms=2000")


def repeated(proxy: FaultProxy, api: Api, cut: bool = True) -> Fault:
    """The next request of that kind is held; the client has sent it again, and its transaction is committed."""
    before = proxy.now()
    old = proxy.hold(request(api))
    held = old.wait()
    if cut:
        old.cut()
    after = proxy.now()
    again = proxy.wait_seen(request(api), after)
    assert again.request.transactional_id == held.request.transactional_id and again.connection != held.connection
    proxy.wait(lambda: any(ended.error == 0 for ended in proxy.seen(answer(Api.END_TXN, commit=True), before)),
               "the transaction is committed")
    return old


def let_go(proxy: FaultProxy, old: Fault) -> Frame:
    """The broker's answer to it."""
    old.release()
    return proxy.answer_to(old.hits[0])


def refused(proxy: FaultProxy, old: Fault) -> None:
    late = let_go(proxy, old)
    assert late.error, f"the broker took it: {late}"


@pytest.mark.parametrize("during", STEPS, ids=label)
def test_commit_in_the_next_transaction(during: Api, scenario: ScenarioFactory) -> None:
    main = scenario()
    worker = main.begin()
    old = repeated(main.proxy, Api.END_TXN)
    gate = main.proxy.hold(request(during))
    gate.wait()
    refused(main.proxy, old)
    gate.release()
    main.wait_committed(worker, 2)
    main.finish()


def test_commit_after_a_timeout(scenario: ScenarioFactory) -> None:
    """The connection stays until the client gives it up by itself."""
    main = scenario(*QUICK)
    main.begin()
    old = repeated(main.proxy, Api.END_TXN, cut=False)
    gate = main.proxy.hold(request(Api.ADD_OFFSETS_TO_TXN))
    gate.wait()
    refused(main.proxy, old)
    gate.release()
    main.finish()


@pytest.mark.parametrize("named", [True, False], ids=label)
def test_commit_before_a_crash(named: bool, scenario: ScenarioFactory) -> None:
    """All records of the next transaction are written and its offsets are not; then the worker dies."""
    main = scenario(*SHORT_SESSION)
    worker = main.begin(named=named)
    old = repeated(main.proxy, Api.END_TXN)
    gate = main.proxy.hold(request(Api.ADD_OFFSETS_TO_TXN))
    gate.wait()
    let_go(main.proxy, old)
    main.kill(worker)
    gate.lose()
    main.worker(named=named)
    main.finish()


def test_commit_with_two_workers(scenario: ScenarioFactory) -> None:
    main = scenario()
    main.stream()
    workers = {client: main.worker(client) for client in ("w0", "w1")}
    for client, worker in workers.items():
        main.wait_committed(worker, 2, client)
    before = main.proxy.now()
    old = main.proxy.hold(request(Api.END_TXN, "w0", commit=True))
    old.wait()
    old.cut()
    main.proxy.wait_seen(answer(Api.END_TXN, "w0", commit=True), before)
    gate = main.proxy.hold(request(Api.ADD_OFFSETS_TO_TXN, "w0"))
    gate.wait()
    refused(main.proxy, old)
    gate.release()
    main.finish()


def test_abort_in_the_next_transaction(scenario: ScenarioFactory) -> None:
    """Offsets that are not answered roll a transaction back; its producer sends an abort before it goes."""
    main = scenario()
    worker = main.begin()
    old = main.proxy.hold(request(Api.END_TXN, commit=False))
    stuck = main.proxy.hold(request(Api.TXN_OFFSET_COMMIT))
    old.wait()
    stuck.lose()
    gate = main.proxy.hold(request(Api.ADD_OFFSETS_TO_TXN))
    gate.wait()
    refused(main.proxy, old)
    gate.release()
    main.wait_committed(worker, 2)
    main.finish()


@pytest.mark.parametrize("cut", [True, False], ids=["cut", "timeout"])
def test_offsets_behind_the_next_ones(cut: bool, scenario: ScenarioFactory) -> None:
    """The old offsets would take the place of the new ones."""
    main = scenario(*QUICK)
    main.begin()
    old = repeated(main.proxy, Api.TXN_OFFSET_COMMIT, cut)
    gate = main.proxy.hold(request(Api.END_TXN, commit=True))
    gate.wait()
    refused(main.proxy, old)
    gate.release()
    main.finish()


@pytest.mark.parametrize("api", [Api.ADD_PARTITIONS_TO_TXN, Api.ADD_OFFSETS_TO_TXN], ids=label)
def test_additions_between_transactions(api: Api, scenario: ScenarioFactory) -> None:
    """The old one would open a transaction that nobody ends."""
    main = scenario()
    worker = main.begin()
    old = repeated(main.proxy, api)
    gate = main.proxy.hold(request(Api.ADD_PARTITIONS_TO_TXN))
    gate.wait()
    refused(main.proxy, old)
    gate.release()
    main.wait_committed(worker)
    main.finish()


def test_start_of_a_producer_that_works_already(scenario: ScenarioFactory) -> None:
    """It fences the living one, which is no harm: it is replaced, and its transaction is done again."""
    main = scenario()
    old = main.proxy.hold(request(Api.INIT_PRODUCER_ID))
    main.stream()
    worker = main.worker()
    old.wait()
    old.cut()
    main.wait_committed(worker, 2)
    gate = main.proxy.hold(request(Api.ADD_OFFSETS_TO_TXN))
    gate.wait()
    before = main.proxy.now()
    let_go(main.proxy, old)
    gate.release()
    main.proxy.wait_seen(request(Api.INIT_PRODUCER_ID), before)
    main.wait_committed(worker, 2)
    main.finish()


def test_records_of_the_transaction_before(scenario: ScenarioFactory) -> None:
    main = scenario()
    main.begin()
    old = repeated(main.proxy, Api.PRODUCE)
    gate = main.proxy.hold(request(Api.ADD_OFFSETS_TO_TXN))
    gate.wait()
    let_go(main.proxy, old)
    gate.release()
    main.finish()


@pytest.mark.parametrize("named", [True, False], ids=label)
def test_records_across_a_replacement(named: bool, scenario: ScenarioFactory) -> None:
    """Not acknowledged in 4 s: rolled back, the producer is replaced; then they arrive, with the old epoch."""
    main = scenario()
    worker = main.begin(named=named)
    old = main.proxy.hold(request(Api.PRODUCE))
    old.wait()
    before = main.proxy.now()
    main.proxy.wait_seen(answer(Api.INIT_PRODUCER_ID), before)
    gate = main.proxy.hold(request(Api.ADD_OFFSETS_TO_TXN))
    gate.wait()
    refused(main.proxy, old)
    gate.release()
    main.wait_committed(worker, 2)
    main.finish()


def test_two_dead_owners(scenario: ScenarioFactory) -> None:
    """The first one's changelog records arrive when the second one serves; what that one commits behind them is not missed.

    Now and then the brokers, who look for old transactions every 10 s, end the first one's earlier than that.
    """
    main = scenario(*SHORT_SESSION, partitions=1)
    first = main.begin(named=False)
    old = main.proxy.hold(request(Api.PRODUCE, "w0", holding=main.job.changelog))
    old.wait()
    main.kill(first)
    second = main.worker("w1", named=False)
    main.wait_committed(second, 2, "w1")
    let_go(main.proxy, old)
    main.wait_committed(second, 2, "w1")
    main.kill(second)
    third = main.worker("w2", named=False)
    main.wait_committed(third, 1, "w2")
    main.finish()
