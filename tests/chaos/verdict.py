"""Everything that must hold after a run. Each check adds to the violations; none stops the others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from job import Job
from observed import Observed, Violations
from workers import Tally

DEADLINE = 3600.0  # seconds; millions of records take minutes

COUNTED = ("read", "unique", "duplicates", "missing", "invalid", "late", "written", "changelog_records", "changelog_entries",
           "not_in_truth")


def prove(job: Job, truth: Path, violations: Violations) -> dict[str, int]:
    """Lost, duplicated, altered, out of order; changelog = output; committed = input's end."""
    command = ["prove", "check", "--brokers", job.cluster.bootstrap, "--truth", str(truth), "--from", job.source,
               "--to", job.output, "--key", job.key, "--window", job.window, "--changelog", job.changelog,
               "--group", job.group]
    result = job.semel.run(*command, "--summary", "json", timeout=DEADLINE)
    if result.code not in (0, 1):
        violations.add("check failed", f"semel prove check, exit code {result.code}: {result.stderr[-500:]}")
        return {}
    if result.code == 1:
        print(job.semel.run(*command, timeout=DEADLINE).stdout)  # with examples
    return take_report(result.summary(), violations)


def take_report(report: dict[str, Any], violations: Violations) -> dict[str, int]:
    for kind, count in report["violations"].items():
        if count:
            violations.add(kind.replace("_", " "), "semel prove check names the first of them", count)
    return {name: report[name] for name in COUNTED if name in report}


def restore(job: Job, state_dir: Path, violations: Violations) -> int:
    """What a cold restore gives is what the last worker remembered when it ended. Returns how many entries were compared."""
    result = job.semel.run("seen", "verify", "--brokers", job.cluster.bootstrap, "--from", job.source, "--group", job.group,
                           "--changelog", job.changelog, "--state-dir", str(state_dir), timeout=DEADLINE)
    return take_verified(result.stdout, result.code, job.partitions, violations)


def take_verified(text: str, code: int, partitions: int, violations: Violations) -> int:
    if code != 0:
        violations.add("restore differs", f"semel seen verify, exit code {code}: {text[-1000:]}")
    # Of each partition the snapshot of the end, to which nothing was added since.
    live = set(re.findall(r"-(\d+)\.snapshot: \d+ entries, 0 changelog records after it: ok", text))
    if len(live) != partitions:
        violations.add("restore differs", f"only partitions {sorted(live)} have a snapshot of the end: {text[-1000:]}")
    return sum(int(count) for count in re.findall(r"^partition \d+: (\d+) entries", text, re.MULTILINE))


def counters(tally: Tally, records: int, violations: Violations) -> None:
    """Every record in one counter. What killed processes had counted last is a lower bound, so the sum may only be less."""
    for text in tally.not_adding_up:
        violations.add("counters do not add up", text)
    if tally.counters["records read"] > records:
        violations.add("counters do not add up", f"{tally.counters['records read']} records counted, and there are {records}")
    if tally.killed + tally.assertions == 0 and not tally.exits and tally.read_by_clean != records:
        violations.add("counters do not add up", f"{tally.read_by_clean} records counted, and there are {records}")


def exits(tally: Tally, violations: Violations) -> None:
    """Nothing that the nemesis does is a reason to stop for good (exit code 4), to crash, or not to end when asked."""
    for code, count in tally.exits.items():
        if code not in (1, 3):  # 3: brokers were away for longer than it waits. 1: a failure; it is started again
            violations.add("stopped", f"exit code {code}: " + next((t for t in tally.last_words), ""), count)


def sizes(final: Observed, report: dict[str, int], violations: Violations) -> None:
    """Two programs read the same output."""
    if report and report["written"] != final.total:
        violations.add("readers differ", f"semel prove check read {report['written']} records, this reader {final.total}")
