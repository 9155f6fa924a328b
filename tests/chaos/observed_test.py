"""The reader's rules, on histories that were made wrong by hand."""

from __future__ import annotations

import pytest
from observed import Observed, Violations, compare, twice


def observed(name: str, *partitions: list[tuple[int, int]]) -> Observed:
    made = Observed(name, len(partitions))
    for partition, records in enumerate(partitions):
        for offset, identity in records:
            made.see(partition, offset, identity)
    return made


def compared(live: Observed, final: Observed) -> dict[str, int]:
    violations = Violations()
    compare(live, final, violations)
    return dict(violations.counts)


RIGHT = [[(0, 10), (1, 11), (3, 12)], [(0, 20), (5, 21)]]


def test_a_right_history() -> None:
    live = observed("live", *RIGHT)
    assert not live.violations.counts
    assert compared(live, observed("final", *RIGHT)) == {}
    assert live.total == 5


@pytest.mark.parametrize("offset", [3, 2, 0], ids=["the same again", "one back", "to the start"])
def test_a_reader_that_goes_backwards(offset: int) -> None:
    live = observed("live", [(0, 10), (3, 11), (offset, 12)])
    assert live.violations.counts == {"went backwards": 1}


def test_each_partition_has_its_own_order() -> None:
    assert not observed("live", [(7, 1)], [(0, 2)]).violations.counts


def test_a_record_that_is_not_there_in_the_end() -> None:
    live = observed("live", [(0, 10), (1, 11), (2, 99), (3, 12)], RIGHT[1])
    assert compared(live, observed("final", *RIGHT)) == {"uncommitted": 1}


def test_a_record_that_the_reader_did_not_see() -> None:
    live = observed("live", [(0, 10), (3, 12)], RIGHT[1])
    assert compared(live, observed("final", *RIGHT)) == {"skipped": 1}


def test_the_end_that_the_reader_did_not_see() -> None:
    live = observed("live", RIGHT[0], [])
    assert compared(live, observed("final", *RIGHT)) == {"skipped": 2}


def test_another_record_at_an_offset() -> None:
    live = observed("live", [(0, 10), (1, 99), (3, 12)], RIGHT[1])
    assert compared(live, observed("final", *RIGHT)) == {"changed": 1}


def test_many_are_counted_and_a_few_are_named() -> None:
    violations = Violations()
    compare(observed("live", [(i, i) for i in range(100)]), observed("final", [(0, 0)]), violations)
    assert violations.counts == {"uncommitted": 99}
    assert len(violations.examples) == 5


def test_a_record_behind_the_last_stable_offset() -> None:
    live = observed("live", [(0, 10), (4, 11)])
    live.stable_end(0, 2, 5)
    assert not live.violations.counts
    live.stable_end(0, 2, 4)
    assert live.violations.counts == {"uncommitted": 1}


def test_what_came_after_the_question_does_not_count() -> None:
    live = observed("live", [(0, 10), (4, 11)])
    live.stable_end(0, 1, 2)
    live.stable_end(0, 0, 0)
    assert not live.violations.counts


def test_a_record_that_came_out_two_times() -> None:
    for wrong in ([[(0, 10), (1, 10)], []], [[(0, 10)], [(0, 10)]]):
        violations = Violations()
        twice(observed("final", *wrong), violations)
        assert violations.counts == {"written twice": 1}
    violations = Violations()
    twice(observed("final", *RIGHT), violations)
    assert not violations.counts
