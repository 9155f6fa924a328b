"""`semel seen`: what is remembered is checked, printed, and rebuilt after its topic was lost."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cluster import Cluster, Record, wait_for
from conftest import JobFactory
from fault_proxy import FaultProxy, request
from job import Job, events, ids, summary_of, twice, wait_stopped
from kafka_frames import Api
from process import Process, Result


def arguments(job: Job, command: str, *more: str) -> list[str]:
    return ["seen", command, "--brokers", job.cluster.bootstrap, "--from", job.source, *more]


def verify(job: Job, *more: str, code: int = 0) -> Result:
    result = job.semel.run(*arguments(job, "verify", *more))
    assert result.code == code, result.stdout + result.stderr
    return result


def rebuild_arguments(job: Job, *more: str, output: str = "") -> list[str]:
    return arguments(job, "rebuild", "--from-output", "--to", output or job.output, "--key", job.key, "--create-topics",
                     *more)


def rebuild(job: Job, *more: str, code: int = 0) -> Result:
    wait_left(job)
    result = job.semel.run(*rebuild_arguments(job, *more), timeout=120)
    assert result.code == code, result.stdout + result.stderr
    return result


def wait_left(job: Job) -> None:
    wait_for(lambda: not job.cluster.members(job.group), f"{job.group} has no members")


def dump(job: Job, *more: str) -> list[dict[str, Any]]:
    result = job.semel.run(*(more or arguments(job, "dump")))
    assert result.code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def fingerprints(job: Job, values: list[bytes | None]) -> list[str]:
    stdin = b"".join((value or b"") + b"\n" for value in values)
    lines = job.semel.run("fingerprint", "--key", job.key, stdin=stdin).stdout.splitlines()
    return [line.split("\t")[1] for line in lines]


@pytest.fixture
def settled(job: JobFactory, cluster: Cluster) -> Job:
    """100 events in each of two partitions, some of them twice, in two transactions at least."""
    main = job(partitions=2)
    for part in (range(60), range(40, 100)):
        for partition in (0, 1):
            cluster.produce(main.source, events([f"{partition}-{i}" for i in part], partition))
        main.run()
    return main


def settled_ids() -> list[str]:
    return [f"{partition}-{i}" for partition in (0, 1) for i in range(100)]


# verify

def test_verify_a_job_that_is_right(settled: Job, tmp_path: Path) -> None:
    state = ("--state-dir", str(tmp_path / "state"))
    settled.run(*state)
    settled.cluster.produce(settled.source, events(["more"]))
    settled.run()
    lines = verify(settled, *state).stdout.splitlines()
    assert len(lines) == 4
    assert re.fullmatch(r"partition 0: 101 entries in \d+ records, changelog offsets 0 to \d+, input up to 121, "
                        r"oldest 20\S+Z, stream time 20\S+Z: ok", lines[0])
    assert re.fullmatch(r"  snapshot .*-0.snapshot: 100 entries, \d+ changelog records after it: ok", lines[1])
    assert "partition 1: 100 entries" in lines[2]


def test_verify_while_the_job_runs(job: JobFactory, cluster: Cluster) -> None:
    main = job()
    stream = main.start_stream(900_000, rate=600)
    worker = main.start()
    worker.wait_for_log("partition restored")
    wait_for(lambda: cluster.committed(main.group, main.source), "a commit")
    for _ in range(10):
        assert ": ok" in verify(main).stdout
    assert stream.running and worker.running


def test_verify_finds_a_damaged_snapshot(settled: Job, tmp_path: Path) -> None:
    settled.run("--state-dir", str(tmp_path / "state"))
    snapshot = tmp_path / "state" / f"{settled.changelog}-1.snapshot"
    damaged = bytearray(snapshot.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    snapshot.write_bytes(damaged)
    found = verify(settled, "--state-dir", str(tmp_path / "state"), code=1).stdout
    assert f"snapshot {snapshot}: WRONG" in found
    assert len(re.findall(": ok", found)) == 3


def test_verify_finds_a_foreign_record(settled: Job, cluster: Cluster) -> None:
    at = cluster.produce(settled.changelog, events(["foreign"], 1))[0]
    found = verify(settled, code=1).stdout
    assert f"WRONG: changelog {settled.changelog} partition 1 offset {at}: " in found
    assert re.search("partition 0: .*: ok", found)


def test_verify_finds_a_record_that_came_twice(settled: Job, cluster: Cluster) -> None:
    first = cluster.read(settled.changelog, 0)[0]
    at = cluster.produce(settled.changelog, [Record(first.value)])[0]
    assert f"partition 0 offset {at}: it speaks of input offsets from 0" in verify(settled, code=1).stdout


@pytest.mark.parametrize("offset, text", [(50, "lies behind"), (10_000, "lies ahead")])
def test_verify_finds_a_moved_offset(offset: int, text: str, settled: Job, cluster: Cluster) -> None:
    wait_left(settled)
    cluster.set_committed(settled.group, settled.source, {1: offset})
    found = verify(settled, code=1).stdout
    assert re.search(f"partition 1: .*WRONG: the committed offset {offset} {text}", found)


def test_verify_of_nothing(job: JobFactory) -> None:
    main = job()
    assert "there is no topic" in verify(main, code=2).stderr


# dump

def test_dump_is_what_came_out(settled: Job, tmp_path: Path) -> None:
    settled.run("--state-dir", str(tmp_path))
    found = dump(settled)
    for partition in (0, 1):
        inputs = settled.cluster.read(settled.source, partition)
        hashes = fingerprints(settled, [record.value for record in inputs])
        expected = {}
        for record, fingerprint in zip(inputs, hashes):
            expected.setdefault(fingerprint, {"partition": partition, "fingerprint": fingerprint,
                                              "time": record.timestamp, "offset": record.offset})
        assert [entry for entry in found if entry["partition"] == partition] == list(expected.values())
        snapshot = tmp_path / f"{settled.changelog}-{partition}.snapshot"
        assert dump(settled, "seen", "dump", "--snapshot", str(snapshot)) == list(expected.values())


def test_dump_to_a_reader_that_goes_away(settled: Job) -> None:
    command = " ".join([str(settled.semel.binary), *arguments(settled, "dump")])
    done = subprocess.run(["bash", "-c", f"{command} | true; echo ${{PIPESTATUS[0]}}"], capture_output=True, text=True,
                          timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_dump_as_a_seed(settled: Job) -> None:
    entries = dump(settled)
    seeds = dump(settled, *arguments(settled, "dump", "--seed-format"))
    assert seeds == [{"hash": entry["fingerprint"], "topic": settled.source, "partition": entry["partition"],
                      "offset": entry["offset"], "time": entry["time"]} for entry in entries]


# forget

def forget(job: Job, *fingerprints: str, code: int = 0) -> Result:
    wait_left(job)
    result = job.semel.run(*arguments(job, "forget", *fingerprints), timeout=120)
    assert result.code == code, result.stdout + result.stderr
    return result


def test_forget_lets_an_event_pass_once_more(settled: Job, cluster: Cluster, tmp_path: Path) -> None:
    state = ("--state-dir", str(tmp_path / "state"))
    settled.run(*state)
    old, recent = fingerprints(settled, [record.value for record in events(["0-10", "0-99"])])
    before = dump(settled)
    result = forget(settled, old, recent)
    assert re.search(f"partition 0: forgot {old}, first seen 20.*Z at input offset 10\n", result.stdout)
    assert "partition 0: 88 later entries written again" in result.stdout
    assert "partition 1" not in result.stdout
    assert dump(settled) == [entry for entry in before if entry["fingerprint"] not in (old, recent)]
    assert "WRONG" not in verify(settled, *state).stdout
    for _ in range(2):
        cluster.produce(settled.source, events(["0-9", "0-10", "0-11", "0-99"]))
    assert summary_of(settled.run(*state))["unique"] == 2  # from a snapshot that is older than the forgetting
    assert sorted(ids(settled.values())) == sorted([*settled_ids(), "0-10", "0-99"])
    verify(settled, *state)
    assert "no partition remembers" in forget(settled, "00" * 16).stdout


def test_forget_with_a_worker_that_runs(settled: Job) -> None:
    worker = settled.start()
    worker.wait_for_log("partition restored")
    refused = settled.semel.run(*arguments(settled, "forget", "00" * 16))
    assert refused.code == 4 and "is in use by" in refused.stderr
    worker.term()
    assert worker.wait() == 0


def test_forget_killed_and_run_again(settled: Job) -> None:
    event = fingerprints(settled, [events(["1-50"])[0].value])[0]
    wait_left(settled)
    process = settled.semel.start(*arguments(settled, "forget", event), env={"SEMEL_FAIL_POINTS": "in_forget:kill:1"})
    assert process.wait() == -signal.SIGKILL, process.describe()
    assert "partition 1: forgot" in forget(settled, event).stdout
    verify(settled)
    assert len(dump(settled)) == 199


def test_forget_writes_behind_what_it_read_or_not_at_all(settled: Job, cluster: Cluster, proxy: FaultProxy) -> None:
    """The changelog goes on between the look at its end and the write, as where a broker that had been replaced told an old end."""
    event = fingerprints(settled, [events(["1-50"])[0].value])[0]
    wait_left(settled)
    held = proxy.hold(request(Api.PRODUCE))
    process = settled.semel.start("seen", "forget", "--brokers", proxy.bootstrap, "--from", settled.source, event)
    held.wait()
    other = cluster.transaction()
    other.send(settled.changelog, events(["never committed"], 1))
    other.abort()
    held.release()
    assert process.wait() == 4, process.describe()
    assert "partition 1: it holds more than was read" in process.stderr
    assert len(dump(settled)) == 200
    assert "partition 1: forgot" in forget(settled, event).stdout
    verify(settled)


def test_forget_refuses(settled: Job, cluster: Cluster) -> None:
    assert "not a fingerprint: 'xyz'" in forget(settled, "xyz", code=2).stderr
    assert "32 hex digits, not 64" in forget(settled, "00" * 32, code=2).stderr
    wait_left(settled)
    cluster.set_committed(settled.group, settled.source, {1: 50})
    refused = forget(settled, "00" * 16, code=4).stderr
    assert "partition 1 does not go with the group's committed offset" in refused and "semel seen verify" in refused


# rebuild

def lose_changelog(job: Job) -> None:
    wait_left(job)
    job.cluster.delete_topic(job.changelog)


def check_goes_on(job: Job) -> None:
    """Old events are copies, new ones are not; a second start is an ordinary one."""
    for partition in (0, 1):
        job.cluster.produce(job.source, events([f"{partition}-{i}" for i in range(110)], partition))
    result = job.run()
    assert summary_of(result)["unique"] == 20
    assert "accept" not in result.stderr
    new = [f"{partition}-{i}" for partition in (0, 1) for i in range(110)]
    assert sorted(ids(job.values())) == sorted(new)
    assert summary_of(job.run())["read"] == 0
    job.cluster.produce(job.source, events(["0-105", "last"]))
    assert summary_of(job.run())["unique"] == 1
    assert not twice(ids(job.values()))


def test_rebuild_after_the_changelog_was_deleted(settled: Job, tmp_path: Path) -> None:
    state = ("--state-dir", str(tmp_path / "state"))
    settled.run(*state)
    before = dump(settled)
    lose_changelog(settled)
    settled.run(code=4)
    result = rebuild(settled)
    assert re.search("partition 1: 100 entries from 100 output records", result.stdout)
    after = dump(settled)
    for old, new in zip(before, after):
        assert {**old, "offset": None} == {**new, "offset": None}
        assert old["offset"] <= new["offset"] < 120
    assert "not used" in verify(settled, *state).stdout
    check_goes_on(settled)
    settled.run(*state)
    assert "WRONG" not in verify(settled, *state).stdout
    assert rebuild(settled).stdout.count("is whole already") == 2


@pytest.mark.parametrize("hit", [1, 2])
def test_rebuild_killed_and_run_again(hit: int, settled: Job) -> None:
    """In the first partition, and in the second, when the first is done."""
    lose_changelog(settled)
    process: Process = settled.semel.start(*rebuild_arguments(settled),
                                           env={"SEMEL_FAIL_POINTS": f"in_rebuild:kill:{hit}"})
    assert process.wait() == -signal.SIGKILL, process.describe()
    result = rebuild(settled)
    assert result.stdout.count("is whole already") == hit - 1
    verify(settled)
    check_goes_on(settled)
    verify(settled)


def test_rebuild_is_fenced_by_a_worker_that_starts_meanwhile(settled: Job) -> None:
    """Paused past its session: what it wrote is not committed, by itself or under the other's feet."""
    lose_changelog(settled)
    process = settled.semel.start(*rebuild_arguments(settled), env={"SEMEL_FAIL_POINTS": "in_rebuild:stop:1"})
    wait_stopped(process)
    settled.run(code=4)  # is given the partitions and finds no changelog
    process.cont()
    assert process.wait() not in (0, 2), process.describe()
    assert "holds nothing" in verify(settled, code=1).stdout
    rebuild(settled)
    check_goes_on(settled)


def test_dedup_after_a_killed_rebuild(settled: Job) -> None:
    """It stops as before; who gives up and accepts the loss is not kept waiting by the open transaction."""
    lose_changelog(settled)
    process = settled.semel.start(*rebuild_arguments(settled), env={"SEMEL_FAIL_POINTS": "in_rebuild:kill:1"})
    assert process.wait() == -signal.SIGKILL, process.describe()
    assert settled.changelog in settled.run(code=4).stderr
    for partition in (0, 1):
        settled.cluster.produce(settled.source, events(["more"], partition))
    settled.run("--accept-gap")
    verify(settled)


def test_rebuild_judges_as_the_job_did(job: JobFactory, cluster: Cluster) -> None:
    """Forwarded copies, records that cannot be judged, and events that left the window are no first sights."""
    main = job("--on-duplicate", "mark", "--on-missing", "dedup")
    main.window = "1h"
    now = 1_700_000_000_000
    cluster.produce(main.source, events(["old", "a"], timestamp=now - 3_000_000))
    cluster.produce(main.source, events(["b"], timestamp=now))
    cluster.produce(main.source, events(["a"], timestamp=now + 400_000))
    cluster.produce(main.source, events(["c"], timestamp=now + 1_000_000))  # "old" and "a" are forgotten
    cluster.produce(main.source, [Record(b"no json", timestamp=now), Record(b"{}", timestamp=now + 1)])
    main.run()
    before = dump(main)
    assert len(before) == 3
    lose_changelog(main)
    rebuild(main, "--window", "1h", "--on-missing", "dedup")
    after = dump(main)
    assert [entry["fingerprint"] for entry in after] == [entry["fingerprint"] for entry in before]
    assert [entry["time"] for entry in after] == [entry["time"] for entry in before]
    verify(main)
    cluster.produce(main.source, events(["a"], timestamp=now + 900_000))
    assert summary_of(main.run())["unique"] == 1  # the copy that was forwarded did not prolong it


def test_rebuild_needs_a_group_that_nobody_uses(settled: Job, cluster: Cluster) -> None:
    lose_changelog(settled)
    member = cluster._consumer("read_committed", group=settled.group)
    member.subscribe([settled.source])
    wait_for(lambda: member.poll(0.2) is None and cluster.members(settled.group), "a member")
    refused = settled.semel.run(*rebuild_arguments(settled))
    member.close()
    assert refused.code == 4
    assert "is in use by" in refused.stderr
    rebuild(settled)


def test_rebuild_refuses(settled: Job, cluster: Cluster) -> None:
    wait_left(settled)
    assert "is whole already" in rebuild(settled).stdout
    assert "another key rule" in rebuild(settled, "--namespace", "other", code=4).stderr
    first = cluster.read(settled.changelog)[0]
    lose_changelog(settled)
    settled.run(code=4)  # makes it anew
    cluster.produce(settled.changelog, [Record(first.value)])
    assert "is not empty" in rebuild(settled, code=4).stderr
    lose_changelog(settled)
    assert "no committed offset" in rebuild(settled, "--group", "nobody", "--changelog", settled.changelog, code=4).stderr
    assert "there is no output topic" in settled.semel.run(*rebuild_arguments(settled, output="nowhere")).stderr
    cluster.delete_records(settled.output, before=50, partition=1)
    refused = rebuild(settled, code=4)
    assert "--accept-gap" in refused.stderr and "partition 1 begins at offset 50" in refused.stderr
    rebuild(settled, "--accept-gap")
    wait_left(settled)
    cluster.delete_topic(settled.changelog)
    cluster.set_committed(settled.group, settled.source, {1: 50})
    assert "was not written by semel dedup" in rebuild(settled, code=4).stderr
