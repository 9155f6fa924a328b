"""What the verdict makes of what other programs and the workers report."""

from __future__ import annotations

from collections import Counter

import verdict
from observed import Observed, Violations
from workers import Tally

VERIFIED = """\
partition 0: 101 entries in 4 records, changelog offsets 0 to 8, input up to 121, oldest x, stream time y: ok
  snapshot /s/semel.views.seen-0.snapshot: 101 entries, 0 changelog records after it: ok
  snapshot /s/semel.views.seen-0.snapshot.previous: 90 entries, 1 changelog records after it: ok
partition 1: 7 entries in 2 records, changelog offsets 0 to 4, input up to 9, oldest x, stream time y: ok
  snapshot /s/semel.views.seen-1.snapshot: 7 entries, 0 changelog records after it: ok
"""


def test_a_restore_that_is_the_live_set() -> None:
    violations = Violations()
    assert verdict.take_verified(VERIFIED, 0, 2, violations) == 108
    assert not violations.counts


def test_a_restore_that_differs() -> None:
    violations = Violations()
    verdict.take_verified(VERIFIED, 1, 2, violations)
    assert violations.counts == {"restore differs": 1}


def test_a_partition_without_a_snapshot_of_the_end_was_not_compared() -> None:
    for text in (VERIFIED.replace("7 entries, 0 changelog", "7 entries, 2 changelog"), VERIFIED.rsplit("  snapshot", 1)[0]):
        violations = Violations()
        verdict.take_verified(text, 0, 2, violations)
        assert violations.counts == {"restore differs": 1}


def test_what_prove_check_reports() -> None:
    violations = Violations()
    report = {"read": 9, "written": 7, "violations": {"lost": 2, "duplicated": 0, "out_of_order": 1}, "passed": False}
    assert verdict.take_report(report, violations) == {"read": 9, "written": 7}
    assert violations.counts == {"lost": 2, "out of order": 1}


def counted(records: int, **tally: object) -> dict[str, int]:
    violations = Violations()
    verdict.counters(Tally(**tally), records, violations)  # type: ignore[arg-type]
    return dict(violations.counts)


def test_a_sum_of_counters_that_is_right() -> None:
    assert not counted(100, counters=Counter({"records read": 100}), clean_ends=2, read_by_clean=100)
    assert not counted(100, counters=Counter({"records read": 97}), clean_ends=1, killed=1, read_by_clean=40)


def test_a_record_in_two_counters() -> None:
    assert counted(100, counters=Counter({"records read": 101}), killed=3, read_by_clean=50)
    assert counted(100, not_adding_up=["a: read 3, judged 2"], killed=1)


def test_a_record_in_no_counter() -> None:
    assert counted(100, counters=Counter({"records read": 99}), clean_ends=2, read_by_clean=99)


def test_a_worker_that_stops_for_good() -> None:
    for code, kinds in ((4, {"stopped"}), (-11, {"stopped"}), (-15, {"stopped"}), (1, set()), (3, set())):
        violations = Violations()
        verdict.exits(Tally(exits=Counter({code: 1}), last_words=["a"]), violations)
        assert set(violations.counts) == kinds


def test_two_readers_that_disagree() -> None:
    final = Observed("final", 1)
    final.see(0, 0, 1)
    for written, kinds in ((1, set()), (2, {"readers differ"})):
        violations = Violations()
        verdict.sizes(final, {"written": written}, violations)
        assert set(violations.counts) == kinds
