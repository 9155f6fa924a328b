"""The ranges of a changelog (docs/formats/changelog_v1.md), as far as a history needs them: which input a transaction was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Iterable

CONTINUES = 1


@dataclass(frozen=True)
class Range:
    """One transaction's input [begin, end) of a partition; it was written at `written_ms`, before the commit."""

    partition: int
    begin: int
    end: int
    written_ms: int


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def unpack(data: bytes, written_ms: int) -> tuple[int, Range]:
    """Flags and range."""
    if data[:2] != b"S\x01":
        raise ValueError(f"not a changelog record of version 1: {data[:4].hex()}")
    flags = data[2]
    _, at = _varint(data, 4)  # epoch
    _, at = _varint(data, at + 16)  # behind the rule hash: the window
    length, at = _varint(data, at)
    partition, at = _varint(data, at + length)
    begin, at = _varint(data, at)
    count, _ = _varint(data, at)
    return flags, Range(partition, begin, begin + count, written_ms)


def transactions(records: Iterable[tuple[bytes, int]]) -> list[Range]:
    """Of one partition, in order: a record that continues the one before belongs to its transaction."""
    found: list[Range] = []
    for data, written_ms in records:
        flags, part = unpack(data, written_ms)
        if flags & CONTINUES:
            found[-1] = replace(found[-1], end=part.end)
        else:
            found.append(part)
    return found
