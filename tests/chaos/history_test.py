"""A small history, operation by operation, and the bad ones that Jepsen's checker must be able to see in it."""

from __future__ import annotations

import io

import pytest
from changelog import CONTINUES, Range, transactions, unpack
from history import History, Operation, edn, write
from observed import Observed
from reader import Poll

SECOND = 1_000_000_000


def observed(*partitions: list[tuple[int, int]]) -> Observed:
    made = Observed("", len(partitions))
    for partition, records in enumerate(partitions):
        for offset, identity in records:
            made.see(partition, offset, identity)
    return made


# Two partitions. Input of the first: a b b c, of the second: x. The output has control records at 2 and 5, and at 3 a
# record of a transaction that was aborted.
SOURCE = observed([(0, 0xA), (1, 0xB), (2, 0xB2), (3, 0xC)], [(0, 0xD)])
FINAL = observed([(0, 0xA), (1, 0xB), (4, 0xC)], [(0, 0xD)])
UNCOMMITTED = observed([(0, 0xA), (1, 0xB), (3, 0xC), (4, 0xC)], [(0, 0xD)])
RANGES = [[Range(0, 0, 2, 1000), Range(0, 2, 3, 2000), Range(0, 3, 4, 3000)], [Range(1, 0, 1, 1500)]]
POLLS = [Poll(0.5, 1.5, {0: (0, 2)}), Poll(1.5, 3.5, {0: (2, 3), 1: (0, 1)})]


def history(live: Observed = FINAL, final: Observed = FINAL) -> list[Operation]:
    return History(RANGES, SOURCE, final, live, POLLS, UNCOMMITTED).operations()


def of(operations: list[Operation], process: int) -> list[tuple[float, str, object]]:
    return [(each.time / SECOND, each.type, each.value) for each in operations if each.process == process]


def test_a_partition_writes_its_transactions() -> None:
    assert of(history(), 0) == [
        (1, "invoke", [["send", 0, 0], ["send", 0, 2]]),
        (1.5, "ok", [["send", 0, [0, 0]], ["send", 0, [1, 2]]]),  # when it was seen, before the next one was written
        (3, "invoke", [["send", 0, 6]]),
        (3.5, "ok", [["send", 0, [4, 6]]]),
    ]
    assert of(history(), 1) == [(1.5, "invoke", [["send", 1, 1]]), (3.5, "ok", [["send", 1, [0, 1]]])]


def test_the_reader_that_looks_on() -> None:
    assert of(history(), 2) == [
        (0.5, "invoke", [0, 1]), (0.5, "ok", [0, 1]),
        (0.5, "invoke", [["poll"]]), (1.5, "ok", [["poll", {0: [[0, 0], [1, 2]]}]]),
        (1.5, "invoke", [["poll"]]), (3.5, "ok", [["poll", {0: [[4, 6]], 1: [[0, 1]]}]]),
    ]


def test_the_reader_at_the_end() -> None:
    values = [value for _, kind, value in of(history(), 3) if kind == "ok"]
    assert values == [[0, 1], [["poll", {0: [[0, 0], [1, 2], [4, 6]]}]], [["poll", {1: [[0, 1]]}]]]


def test_what_was_aborted_failed_and_has_a_value_of_its_own() -> None:
    assert of(history(), 4) == [(3, "invoke", [["send", 0, -7]]), (3, "fail", [["send", 0, [3, -7]]])]


def test_a_reader_that_saw_an_aborted_record() -> None:
    live = observed([(0, 0xA), (1, 0xB), (3, 0xC)], [(0, 0xD)])
    assert (3.5, "ok", [["poll", {0: [[3, -7]], 1: [[0, 1]]}]]) in of(history(live), 2)


def test_a_record_that_came_out_two_times_has_one_value() -> None:
    final = observed([(0, 0xA), (1, 0xA), (4, 0xC)], [(0, 0xD)])
    assert (1.5, "ok", [["send", 0, [0, 0]], ["send", 0, [1, 0]]]) in of(history(final=final), 0)


def test_each_process_does_one_thing_at_a_time() -> None:
    operations = history()
    assert [each.time for each in operations] == sorted(each.time for each in operations)
    busy: set[int | str] = set()
    for each in operations:
        assert (each.process in busy) == (each.type != "invoke"), each
        busy ^= {each.process}
    assert not busy


def test_lines() -> None:
    out = io.StringIO()
    write([Operation(5, 2, "ok", "poll", [["poll", {0: [[4, -6]]}]]), Operation(7, "nemesis", "info", "kill", None)], out)
    assert out.getvalue() == ("{:index 0, :time 0, :type :ok, :process 2, :f :poll, :value [[:poll {0 [[4 -6]]}]]}\n"
                              "{:index 1, :time 2, :type :info, :process :nemesis, :f :kill, :value nil}\n")
    assert edn([]) == "[]"


def record(begin: int, count: int, flags: int = 0, partition: int = 3) -> bytes:
    """As in docs/formats/changelog_v1.md, up to where we stop reading."""
    assert max(begin, count, partition) < 128
    return (b"S\x01" + bytes([flags, 16]) + b"\x01" + bytes(16) + b"\x80\x9c\x31" + b"\x05id-id" + bytes([partition, begin, count])
            + b"and so on")


def test_ranges_of_a_changelog() -> None:
    assert unpack(record(5, 7), 9) == (0, Range(3, 5, 12, 9))
    parts = [(record(0, 5), 1), (record(5, 7, CONTINUES), 1), (record(12, 1), 2)]
    assert transactions(parts) == [Range(3, 0, 12, 1), Range(3, 12, 13, 2)]
    with pytest.raises(ValueError):
        unpack(b"S\x02" + bytes(40), 0)
