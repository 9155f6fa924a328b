"""Snapshots in --state-dir: they shorten a restart, and nothing that happens to them changes what comes out."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from cluster import Cluster
from conftest import JobFactory
from job import Job, events, ids, twice
from process import Process, Result

RESTORED = re.compile(r"partition restored .*entries=(\d+) replayed=(\d+)")


class Kept:
    """A job with 400 events done and their snapshot in a state directory."""

    def __init__(self, job: Job, directory: Path) -> None:
        self.job = job
        self.directory = directory
        self.flags = ("--state-dir", str(directory))
        self.add(400)
        self.run()

    @property
    def snapshot(self) -> Path:
        return self.directory / f"{self.job.changelog}-0.snapshot"

    def add(self, to: int) -> None:
        """All events from the first on: those that came before are duplicates now."""
        self.job.cluster.produce(self.job.source, events(range(to)))

    def run(self) -> Result:
        return self.job.run(*self.flags)

    def check(self, events_in_all: int) -> None:
        out = ids(self.job.values())
        assert not twice(out)
        assert out == [str(i) for i in range(events_in_all)]


@pytest.fixture
def kept(job: JobFactory, tmp_path: Path) -> Kept:
    return Kept(job(), tmp_path / "state")


def restored(result: Result) -> tuple[int, int]:
    """Entries in all, and how many of them were read from the changelog."""
    found = RESTORED.search(result.stderr)
    assert found, result.stderr
    return int(found[1]), int(found[2])


def test_a_restart_reads_only_the_tail(kept: Kept) -> None:
    assert kept.snapshot.stat().st_mode & 0o777 == 0o600
    kept.add(500)
    kept.job.run()  # by a process without this directory
    kept.add(600)
    result = kept.run()
    assert restored(result) == (500, 100)
    assert "snapshot ignored" not in result.stderr
    kept.check(600)
    assert restored(kept.run()) == (600, 0)


def test_it_is_also_written_while_events_flow(job: JobFactory, tmp_path: Path) -> None:
    main = job()
    main.produce(150_000)
    process = main.start("--state-dir", str(tmp_path))
    process.wait_for_log("snapshot written", 90)
    main.wait_caught_up()
    process.kill9()
    result = main.run("--state-dir", str(tmp_path))
    entries, replayed = restored(result)
    assert replayed < entries
    main.check()


@pytest.mark.parametrize("point", ["in_snapshot", "before_publish"])
def test_killed_while_it_is_written(point: str, kept: Kept) -> None:
    """Crash point 8. The one before is still there, and whole."""
    kept.add(500)
    process = kept.job.start(*kept.flags, "--until-end", env={"SEMEL_FAIL_POINTS": f"{point}:kill:1"})
    assert process.wait() == -signal.SIGKILL, process.describe()
    kept.add(600)
    assert restored(kept.run()) == (500, 100)
    kept.check(600)


def test_a_full_disk_stops_nothing(kept: Kept) -> None:
    """Crash point 19."""
    temporary = kept.snapshot.with_name(kept.snapshot.name + ".lane0.tmp")
    temporary.symlink_to("/dev/full")
    kept.add(500)
    result = kept.run()
    assert "no snapshot; a restart will read more of the changelog" in result.stderr
    assert "No space left on device" in result.stderr
    kept.add(600)
    assert restored(kept.run()) == (500, 100)
    kept.check(600)


def test_a_damaged_one_is_ignored_for_the_one_before(kept: Kept) -> None:
    kept.add(500)
    kept.run()
    damaged = bytearray(kept.snapshot.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    kept.snapshot.write_bytes(damaged)
    kept.add(600)
    result = kept.run()
    assert "snapshot ignored" in result.stderr
    assert restored(result) == (500, 100)
    kept.check(600)


def test_another_rule_ignores_it(kept: Kept) -> None:
    result = kept.job.run(*kept.flags, "--namespace", "other", "--accept-new-rule")
    assert "was made with another key rule or window" in result.stderr


def test_a_changelog_made_anew_is_not_believed_to_hold_it(kept: Kept, cluster: Cluster) -> None:
    """The same names, the same offsets, other events: what was seen then is not seen now."""
    for topic in (kept.job.output, kept.job.changelog):
        cluster.delete_topic(topic)
    cluster.delete_group(kept.job.group)
    first: Process = kept.job.start("--until-end", "--start", "latest")
    assert first.wait() == 0, first.describe()
    cluster.produce(kept.job.source, events(["new 1"]))
    kept.job.run()
    kept.add(400)
    result = kept.run()
    assert "the changelog has another record" in result.stderr
    assert ids(kept.job.values()) == ["new 1", *(str(i) for i in range(400))]
