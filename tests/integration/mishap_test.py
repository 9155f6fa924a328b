"""What happens to a cluster behind our back: each is noticed, said with what to do, and never silent."""

from __future__ import annotations

import random
import signal
import time

import pytest
from cluster import Cluster, wait_for
from conftest import JobFactory
from job import Job, Page, events, ids, summary_of, twice


@pytest.fixture
def settled(job: JobFactory, cluster: Cluster) -> Job:
    """100 events, all done, in two transactions."""
    main = job()
    for half in (range(50), range(50, 100)):
        cluster.produce(main.source, events(half))
        main.run()
    assert cluster.committed(main.group, main.source) == {0: 100}
    return main


def numbers(*ranges: range) -> list[str]:
    return [str(i) for each in ranges for i in each]


# The group's offset

def test_offset_moved_back(settled: Job, cluster: Cluster) -> None:
    cluster.produce(settled.source, events(range(90, 110)))
    cluster.set_committed(settled.group, settled.source, {0: 70})
    stopped = settled.run(code=4)
    assert "--on-reset" in stopped.stderr
    assert "70" in stopped.stderr and "100" in stopped.stderr
    assert ids(settled.values()) == numbers(range(100))
    settled.run("--on-reset", "continue")
    assert ids(settled.values()) == numbers(range(110))
    assert settled.lag() == 0


def test_offset_moved_back_to_deliver_again(settled: Job, cluster: Cluster) -> None:
    cluster.set_committed(settled.group, settled.source, {0: 70})
    cluster.produce(settled.source, events(range(60, 110)))  # 60-69 were seen before 70: duplicates as ever
    settled.run("--on-reset", "replay")
    assert ids(settled.values()) == numbers(range(100), range(70, 110))
    assert settled.lag() == 0
    assert summary_of(settled.run())["read"] == 0  # and after that it is an ordinary group
    assert ids(settled.values()) == numbers(range(100), range(70, 110))


def test_replay_survives_a_crash(settled: Job, cluster: Cluster) -> None:
    """Killed after the replay began: what it had delivered again is not delivered a third time."""
    cluster.set_committed(settled.group, settled.source, {0: 70})
    process = settled.start("--on-reset", "replay", "--instance", "one", env={"SEMEL_FAIL_POINTS": "after_commit:kill:1"})
    assert process.wait() == -signal.SIGKILL, process.describe()
    settled.run("--instance", "one", "--on-reset", "replay")
    assert ids(settled.values()) == numbers(range(100), range(70, 100))


def test_offset_moved_ahead(settled: Job, cluster: Cluster) -> None:
    cluster.produce(settled.source, events(range(100, 120)))
    cluster.set_committed(settled.group, settled.source, {0: 110})
    stopped = settled.run(code=4)
    assert "--accept-gap" in stopped.stderr
    assert "110" in stopped.stderr and "100" in stopped.stderr
    settled.run("--accept-gap")
    assert ids(settled.values()) == numbers(range(100), range(110, 120))
    cluster.produce(settled.source, events(range(90, 125)))  # 100-109 were never read: new
    settled.run()
    assert ids(settled.values()) == numbers(range(100), range(110, 120), range(100, 110), range(120, 125))


def test_group_deleted(settled: Job, cluster: Cluster) -> None:
    wait_for(lambda: not cluster.members(settled.group), "the group is empty")
    cluster.delete_group(settled.group)
    cluster.produce(settled.source, events(range(90, 110)))
    settled.run()
    assert ids(settled.values()) == numbers(range(110))
    assert settled.lag() == 0


# The changelog

def test_changelog_deleted(settled: Job, cluster: Cluster) -> None:
    cluster.delete_topic(settled.changelog)
    cluster.produce(settled.source, events(range(90, 110)))
    arguments = [a for a in settled.arguments("--until-end") if a != "--create-topics"]
    assert settled.semel.run(*arguments).code in (2, 4)
    stopped = settled.run(code=4)  # --create-topics makes it anew, and empty
    assert settled.changelog in stopped.stderr
    assert ids(settled.values()) == numbers(range(100))
    settled.run("--accept-gap")
    assert ids(settled.values()) == numbers(range(100), range(90, 110))
    settled.run()


def test_changelog_truncated_at_the_front(settled: Job, cluster: Cluster) -> None:
    first = cluster.read(settled.changelog)[0]
    cluster.delete_records(settled.changelog, before=(first.offset or 0) + 1)
    cluster.produce(settled.source, events(range(110)))
    stopped = settled.run(code=4)
    assert settled.changelog in stopped.stderr
    assert ids(settled.values()) == numbers(range(100))


def test_changelog_truncated_whole(settled: Job, cluster: Cluster) -> None:
    cluster.delete_records(settled.changelog, before=cluster.end_offset(settled.changelog))
    cluster.produce(settled.source, events(range(110)))
    settled.run(code=4)
    assert ids(settled.values()) == numbers(range(100))
    settled.run("--accept-gap")
    assert ids(settled.values()) == numbers(range(100), range(110))


def test_another_writer_in_the_changelog(settled: Job, cluster: Cluster) -> None:
    """Bytes that are none of ours are not taken for an empty memory."""
    cluster.produce(settled.changelog, events(["garbage"]))
    assert settled.changelog in settled.run(code=4).stderr


# Another rule

@pytest.mark.parametrize("change", [("--key", "json:/other"), ("--window", "8d"), ("--namespace", "other"),
                                    ("--fingerprint-bits", "256")], ids=lambda change: change[0])
def test_another_rule(change: tuple[str, str], settled: Job, cluster: Cluster) -> None:
    stopped = settled.run(*change, code=4)
    assert "--accept-new-rule" in stopped.stderr
    cluster.produce(settled.source, events(range(90, 110)))
    settled.run(*change, "--accept-new-rule")
    if change[0] != "--key":  # that one finds nothing in these events
        assert ids(settled.values()) == numbers(range(100), range(90, 110))
    assert summary_of(settled.run(*change))["read"] == 0  # accepted for good
    settled.run(code=4)  # and the old one is the other one now


# The input

def test_partitions_added(settled: Job, cluster: Cluster) -> None:
    for name in (settled.source, settled.output, settled.changelog):
        cluster.add_partitions(name, 2)
    cluster.produce(settled.source, events(range(100, 110), partition=1))
    assert "--accept-new-partitions" in settled.run(code=4).stderr
    settled.run("--accept-new-partitions")
    assert ids(settled.values()) == numbers(range(110))
    assert settled.lag() == 0
    settled.run()


def test_input_deleted_unread(settled: Job, cluster: Cluster) -> None:
    cluster.produce(settled.source, events(range(100, 150)))
    cluster.delete_records(settled.source, before=120)
    stopped = settled.run(code=4)
    assert "100" in stopped.stderr and "119" in stopped.stderr
    assert "--accept-gap" in stopped.stderr
    settled.run("--accept-gap")
    assert ids(settled.values()) == numbers(range(100), range(120, 150))
    settled.run()
    assert settled.lag() == 0


def test_input_made_anew(settled: Job, cluster: Cluster) -> None:
    cluster.delete_topic(settled.source)
    cluster.create_topic(settled.source, 1)
    cluster.produce(settled.source, events(range(200, 210)))
    stopped = settled.run(code=4)
    assert "100" in stopped.stderr
    assert ids(settled.values()) == numbers(range(100))


def test_input_deleted_unread_by_a_new_group(job: JobFactory, cluster: Cluster) -> None:
    """No promise was made about what was gone before it came: a start above 0 is ordinary."""
    main = job()
    cluster.produce(main.source, events(range(20)))
    cluster.delete_records(main.source, before=5)
    main.run()
    assert ids(main.values()) == numbers(range(5, 20))


# What a dead owner leaves open

def test_open_transaction_of_a_dead_owner_with_a_random_name(settled: Job, cluster: Cluster) -> None:
    """Nobody comes back under its transactional id; the next owner aborts it by the name in the changelog."""
    short = ("-X", "session.timeout.ms=6000")
    last = 100
    # Often the brokers' own look for expired transactions, every 10 s, comes first. A try takes about as long as that, so
    # without a pause all of them would meet it.
    for _ in range(8):
        victim = settled.start(*short, env={"SEMEL_FAIL_POINTS": "after_send_offsets:kill:1"})
        cluster.produce(settled.source, events(range(last, last + 10)))
        last += 10
        assert victim.wait() == -signal.SIGKILL, victim.describe()
        page = Page()
        heir = settled.start(*short, *page.flags)
        page.wait_ready(heir)
        settled.wait_caught_up()
        heir.term()
        assert heir.wait() == 0, heir.describe()
        if "changelog blocked by an open transaction; ending it" in heir.stderr:
            break
        time.sleep(random.uniform(0, 10))
    else:
        pytest.fail(f"nobody ended it: {heir.describe()}")
    values = ids(settled.values())
    assert not twice(values)
    assert values == numbers(range(last))


def test_two_owners_die_in_a_row(settled: Job, cluster: Cluster) -> None:
    """Each with its changelog handed to librdkafka."""
    for name, first in (("one", 100), ("two", 110)):
        victim = settled.start("--instance", name, env={"SEMEL_FAIL_POINTS": "after_changelog:kill:1"})
        cluster.produce(settled.source, events(range(first, first + 10)))
        assert victim.wait() == -signal.SIGKILL, victim.describe()
    settled.run("--instance", "three", timeout=60)
    cluster.produce(settled.source, events(range(120)))
    settled.run("--instance", "four", timeout=60)
    values = ids(settled.values())
    assert not twice(values)
    assert values == numbers(range(120))
