"""What a reader of the output saw, and the rules that hold for it. Pure: knows no Kafka.

An identity is the header `uid` of `semel prove`: a number that no other record of the input has.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Violations:
    """Counted by kind; the first few of each with their text."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add(self, kind: str, text: str, count: int = 1) -> None:
        self.counts[kind] += count
        if self.counts[kind] <= 5:
            self.examples.append(f"{kind}: {text}")


class Sequence:
    """One partition, as it was read: offsets and identities, 16 bytes a record."""

    def __init__(self) -> None:
        self.offsets = array("q")
        self.ids = array("Q")

    def __len__(self) -> int:
        return len(self.offsets)

    def append(self, offset: int, identity: int) -> None:
        self.offsets.append(offset)
        self.ids.append(identity)


class Observed:
    """Threads: one writer; others may read lengths."""

    def __init__(self, name: str, partitions: int) -> None:
        self.name = name
        self.sequences = [Sequence() for _ in range(partitions)]
        self.violations = Violations()

    def see(self, partition: int, offset: int, identity: int) -> None:
        sequence = self.sequences[partition]
        if len(sequence) and offset <= sequence.offsets[-1]:
            self.violations.add("went backwards", f"{self.name} [{partition}]: offset {offset} after {sequence.offsets[-1]}")
        sequence.append(offset, identity)

    def stable_end(self, partition: int, count: int, end: int) -> None:
        """`end` is the last stable offset, asked for after `count` records had been seen."""
        if count and self.sequences[partition].offsets[count - 1] >= end:
            self.violations.add("uncommitted", f"{self.name} [{partition}]: saw offset "
                                f"{self.sequences[partition].offsets[count - 1]}, and only {end} were decided")

    @property
    def total(self) -> int:
        return sum(map(len, self.sequences))


def compare(live: Observed, final: Observed, violations: Violations) -> None:
    """A reader that looked on sees what a reader sees afterwards: no more, no less, nothing else."""
    for partition, (one, other) in enumerate(zip(live.sequences, final.sequences, strict=True)):
        if one.offsets == other.offsets and one.ids == other.ids:
            continue
        seen = dict(zip(one.offsets, one.ids))
        there = dict(zip(other.offsets, other.ids))
        for kind, only in (("uncommitted", seen.keys() - there.keys()), ("skipped", there.keys() - seen.keys())):
            for offset in sorted(only):
                violations.add(kind, f"{live.name} [{partition}] offset {offset}: "
                               + ("seen, and not there in the end" if kind == "uncommitted" else "there, and never seen"))
        for offset in seen.keys() & there.keys():
            if seen[offset] != there[offset]:
                violations.add("changed", f"{live.name} [{partition}] offset {offset}: {seen[offset]:016x} was seen, "
                               f"{there[offset]:016x} is there")


def twice(final: Observed, violations: Violations) -> None:
    """No record of the input comes out two times. (Copies of one event are for `semel prove check`.)"""
    seen: set[int] = set()
    for partition, sequence in enumerate(final.sequences):
        for offset, identity in zip(sequence.offsets, sequence.ids):
            if identity in seen:
                violations.add("written twice", f"{final.name} [{partition}] offset {offset}: {identity:016x} again")
            seen.add(identity)
