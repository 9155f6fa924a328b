"""Killed at every crash point, restarted, killed again: nothing lost, nothing repeated.

While a stream flows in, the worker is killed by a fail point at its first, its second and a later hit, each time
restarted under the same name, some killed once more while it restores. In the end `semel prove check` judges all.
"""

from __future__ import annotations

import random
import signal
import time

import pytest
from cluster import wait_for
from conftest import JobFactory
from job import Job, Page, wait_stopped
from process import Process

SEED = 20261123
FAST = ("--commit-interval", "20ms")


def killed(process: Process, timeout: float = 60) -> None:
    assert process.wait(timeout) == -signal.SIGKILL, f"not killed: {process.describe()}"


def armed(job: Job, points: str, *more: str) -> Process:
    return job.start("--instance", "one", *FAST, *more, env={"SEMEL_FAIL_POINTS": points})


def hits(point: str) -> list[int]:
    return [1, 2, random.Random(f"{SEED} {point}").randint(3, 12)]


def finish(job: Job, stream: Process) -> None:
    assert stream.wait(120) == 0, stream.describe()
    job.run("--instance", "one", timeout=90)
    job.check()


@pytest.mark.parametrize("point", ["before_begin", "after_poll", "after_output", "after_changelog", "after_send_offsets",
                                   "after_commit"])
def test_killed_at(point: str, job: JobFactory) -> None:
    main = job(partitions=3)
    stream = main.start_stream(900_000, seed=SEED, rate=1_000)
    first, second, later = hits(point)
    killed(armed(main, f"{point}:kill:{first}"))
    killed(armed(main, f"{point}:kill:{second}"))
    main.run("--instance", "one")
    killed(armed(main, f"{point}:kill:{later}"))
    killed(armed(main, "in_restore:kill:1"))
    killed(armed(main, "in_restore:kill:2"))
    stream.term()  # what was acknowledged until then is the stream
    finish(main, stream)


def test_killed_at_every_point_in_one_stream(job: JobFactory) -> None:
    """Crashes of every kind one after the other: what one leaves behind meets the next."""
    main = job(partitions=3)
    stream = main.start_stream(900_000, seed=SEED + 1, rate=1_000)
    points = ["before_begin", "after_poll", "after_output", "after_changelog", "after_send_offsets", "after_commit"] * 2
    order = random.Random(SEED)
    order.shuffle(points)
    for point in points:
        killed(armed(main, f"{point}:kill:{order.randint(1, 6)}"))
    stream.term()
    finish(main, stream)


@pytest.mark.parametrize("point", ["commit_sent", "commit_lost"])
def test_unknown_commit(point: str, job: JobFactory) -> None:
    """The answer to a commit is lost: it was carried out, or it was not. Found out, never guessed."""
    main = job(partitions=3)
    stream = main.start_stream(900_000, seed=SEED + 2, rate=1_500)
    page = Page()
    points = ",".join(f"{point}:fail:{hit}" for hit in hits(point))
    process = armed(main, points, *page.flags)
    wait_for(lambda: not process.running or page.total("semel_transactions_total", 'result="unknown"') >= 3,
             "three unknown commits", 60)
    assert process.running, process.describe()
    wait_for(lambda: page.total("semel_producer_replacements_total") >= 3, "three replacements")
    stream.term()
    assert stream.wait() == 0, stream.describe()
    main.wait_caught_up()
    process.term()
    assert process.wait() == 0, process.describe()
    finish(main, stream)


@pytest.mark.parametrize("point", ["commit_sent", "commit_lost"])
def test_killed_after_an_unknown_commit(point: str, job: JobFactory) -> None:
    main = job(partitions=3)
    stream = main.start_stream(900_000, seed=SEED + 3, rate=1_500)
    for hit in hits(point):
        killed(armed(main, f"{point}:kill:{hit}"))
    stream.term()
    finish(main, stream)


@pytest.mark.parametrize("assignor", ["range", "cooperative-sticky"])
def test_killed_while_partitions_are_revoked(assignor: str, job: JobFactory) -> None:
    """A second process comes and goes; the first dies in the revoke callback with its transaction open."""
    main = job("-X", f"partition.assignment.strategy={assignor}", partitions=4)
    stream = main.start_stream(900_000, seed=SEED + 4, rate=1_000)
    for hit in (1, 2, random.Random(SEED).randint(3, 4)):
        page = Page()
        # Old transactions: there is one open at nearly every revoke, and only a revoke with one counts.
        victim = main.start("--instance", "one", "--commit-interval", "1500ms", *page.flags,
                            env={"SEMEL_FAIL_POINTS": f"in_revoke:kill:{hit}"})
        until = time.monotonic() + 120
        while victim.running and time.monotonic() < until:
            wait_for(lambda: page.partitions == 4 or not victim.running, "the victim has every partition")
            guest_page = Page()
            guest = main.start(*guest_page.flags)
            # It is given partitions only after the victim gave them up.
            wait_for(lambda: guest_page.total("semel_records_read_total") > 0 or not victim.running or not guest.running,
                     "the guest works")
            if victim.running:
                guest.term()
                assert guest.wait() == 0, guest.describe()
        killed(victim)
        if guest.running:
            guest.term()
            guest.wait()
    stream.term()
    finish(main, stream)


@pytest.mark.parametrize("point", ["after_poll", "after_send_offsets"])
def test_paused_past_every_timeout(point: str, job: JobFactory) -> None:
    """Crash points 9 and 10: the owner sleeps, another takes over, the owner wakes up with its transaction."""
    main = job("-X", "partition.assignment.strategy=range", partitions=3)  # one has a name, the other has none
    stream = main.start_stream(900_000, seed=SEED + 5, rate=1_000)
    owner = armed(main, f"{point}:stop:4")
    wait_stopped(owner)
    page = Page()
    heir = main.start(*page.flags)
    page.wait_ready(heir)
    before = page.total("semel_records_read_total")
    wait_for(lambda: page.total("semel_records_read_total") > before, "the heir works")
    owner.cont()
    time.sleep(3)  # both work now
    assert heir.running, heir.describe()
    stream.term()
    assert stream.wait(60) == 0, stream.describe()
    main.wait_caught_up()
    for process in (owner, heir):
        process.term()
        assert process.wait() == 0, process.describe()
    finish(main, stream)


def test_no_producer_is_replaced_without_a_reason(job: JobFactory) -> None:
    """A busy broker makes clients repeat requests that it answered; that is none (1,000 of them take a minute: 300)."""
    main = job("--commit-interval", "5ms", partitions=1)
    page = Page()
    process = main.start(*page.flags)
    stream = main.start_stream(600_000, seed=SEED + 6, rate=1_000)
    wait_for(lambda: not process.running or page.total("semel_transactions_total", 'result="committed"') >= 300,
             "300 transactions", 180)
    assert process.running, process.describe()
    # Brokers that do not answer for 4 s are a reason, and then a transaction is rolled back.
    wait_for(lambda: page.total("semel_producer_replacements_total") == page.total("semel_transactions_total", 'result="aborted"'),
             "as many producers replaced as transactions rolled back")
    assert "never answered" not in process.stderr, process.describe()
    stream.term()
    assert stream.wait(60) == 0, stream.describe()
    main.wait_caught_up()
    process.term()
    assert process.wait() == 0
    finish(main, stream)
