"""What a run was and what it found, as JSON and as text."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import platform
import re
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import confluent_kafka
from cluster import ROOT

if TYPE_CHECKING:
    from chaos import Run


def find_faketime() -> Path | None:
    """Where Debian has it, or others."""
    found = [path for folder in ("/usr/lib/*", "/usr/lib*") for path in glob.glob(f"{folder}/faketime/libfaketimeMT.so.1")]
    return Path(found[0]) if found else None


class Summary:
    def __init__(self, run: "Run") -> None:
        self._run = run
        self._began = time.time()
        self.drained_seconds = 0.0
        self.check_seconds = 0.0
        self.restored_entries = 0
        self.report: dict[str, int] = {}

    def write(self) -> str:
        found = self._collect()
        directory = self._run.directory
        (directory / "summary.json").write_text(json.dumps(found, indent=2) + "\n")
        text = to_text(found)
        (directory / "summary.txt").write_text(text)
        return text

    def _collect(self) -> dict[str, Any]:
        run = self._run
        tally = run.tally
        logs = list((run.directory / "logs").glob("*.err"))
        return {
            "command": f"./dev chaos --minutes {run.seconds / 60:g} --seed {run.seed} --rate {run.rate}",
            "seed": run.seed,
            "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._began)),
            "chaos_seconds": run.seconds,
            "drain_seconds": round(self.drained_seconds, 1),
            "check_seconds": round(self.check_seconds, 1),
            "window": run.job.window,
            "messages": self.report,
            "seen_live": run.reader.observed.total,
            "polls_live": len(run.reader.polls),
            "restored_entries": self.restored_entries,
            "faults": dict(sorted(run.nemesis.faults.items())),
            "faults_in_all": sum(run.nemesis.faults.values()),
            "counters": dict(run.tally.counters),
            "restores": _count(logs, "partition restored"),
            "snapshots_written": _count(logs, "snapshot written"),
            "snapshots_not_written": _count(logs, "no snapshot;"),
            "workers": {"started": tally.starts, "killed": tally.killed, "ended_cleanly": tally.clean_ends,
                        "assertions_of_librdkafka": tally.assertions,
                        "ended_by_themselves": {str(code): count for code, count in sorted(tally.exits.items())},
                        "last_words": tally.last_words},
            "producers_replaced_by_the_test": len(run.streams.replaced),
            "full_disk": "a tmpfs, filled" if run.disk.was_mounted else "writes refused by preload.cc",
            "clock": "libfaketime" if run.faketime else "not shifted: no libfaketime",
            "violations": dict(run.violations.counts),
            "examples": run.violations.examples,
            "versions": versions(run.semel.binary),
            "sha256": {path.name: _digest(path) for path in sorted(run.directory.iterdir())
                       if path.suffix in (".gz", ".jsonl")},
        }


def to_text(found: dict[str, Any]) -> str:
    lines = [found["command"], ""]
    for name, count in found["messages"].items():
        lines.append(f"{name.replace('_', ' '):>28} {count:>12,}")
    for name, count in found["counters"].items():
        lines.append(f"{name:>28} {count:>12,}")
    for name in ("seen_live", "polls_live", "restored_entries", "restores", "snapshots_written", "snapshots_not_written",
                 "faults_in_all"):
        lines.append(f"{name.replace('_', ' '):>28} {found[name]:>12,}")
    for name, count in found["faults"].items():
        lines.append(f"{name:>28} {count:>12,}")
    for name in ("chaos_seconds", "drain_seconds", "check_seconds"):
        lines.append(f"{name.replace('_', ' '):>28} {found[name]:>12,}")
    lines.append(f"workers: {found['workers']['started']} started, {found['workers']['killed']} killed, "
                 f"{found['workers']['ended_cleanly']} ended cleanly, by themselves: {found['workers']['ended_by_themselves']}")
    lines += [f"  {text}" for text in found["examples"]]
    total = sum(found["violations"].values())
    lines += ["", f"FAILED: {total} violations: {found['violations']}" if total else "PASSED: no violation"]
    return "\n".join(lines) + "\n"


def _count(logs: list[Path], text: str) -> int:
    return sum(log.read_text(errors="replace").count(text) for log in logs)


def versions(binary: Path) -> dict[str, str]:
    pom = (ROOT / "tools" / "kafka" / "pom.xml").read_text()
    kafka = re.search(r"<kafka.version>(.*)</kafka.version>", pom)
    semel = subprocess.run([str(binary), "--version"], capture_output=True, text=True, check=False).stdout.strip()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return {"semel": semel, "commit": commit.stdout.strip(), "kafka": kafka[1] if kafka else "",
            "librdkafka": confluent_kafka.libversion()[0], "python": platform.python_version(), "kernel": platform.release(),
            "processors": str(os.cpu_count())}


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
