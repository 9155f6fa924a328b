"""What a run leaves behind: who read what when, what broke when, and the history for Jepsen's checker."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path

from changelog import Range, transactions
from cluster import Cluster
from history import History, write
from job import Job
from nemesis import Nemesis
from observed import Observed
from reader import LiveReader, read_all, read_values

HISTORY_RECORDS = 120_000  # of the input; a checker that looks for cycles needs memory for each


def write_all(directory: Path, cluster: Cluster, job: Job, reader: LiveReader, final: Observed, nemesis: Nemesis) -> None:
    with (directory / "nemesis.jsonl").open("w") as out:
        for event in sorted(nemesis.events, key=lambda each: float(each["began"])):
            out.write(json.dumps(event) + "\n")
    with gzip.open(directory / "live.tsv.gz", "wt", compresslevel=1) as out:
        for partition, sequence in enumerate(reader.observed.sequences):
            for offset, identity in zip(sequence.offsets, sequence.ids):
                out.write(f"{partition}\t{offset}\t{identity:016x}\n")
    subprocess.run(["gzip", "-1", str(directory / "truth")], check=True)
    with gzip.open(directory / "history.edn.gz", "wt", compresslevel=6) as out:
        write(_history(cluster, job, reader, final).operations(), out)


def _history(cluster: Cluster, job: Job, reader: LiveReader, final: Observed) -> History:
    partitions = len(final.sequences)
    limit = HISTORY_RECORDS // partitions
    ranges: list[list[Range]] = []
    for partition in range(partitions):
        found = transactions(read_values(cluster.bootstrap, job.changelog, partition))
        ranges.append([each for each in found if each.end <= limit])
    ends = [each[-1].end if each else 0 for each in ranges]
    source = read_all(cluster.bootstrap, job.source, partitions, "source", ends=ends)
    uncommitted = read_all(cluster.bootstrap, job.output, partitions, "uncommitted", "read_uncommitted", ends=[
        sequence.offsets[min(len(sequence), limit) - 1] + 1 if len(sequence) else 0 for sequence in final.sequences])
    return History(ranges, source, final, reader.observed, reader.polls, uncommitted)
