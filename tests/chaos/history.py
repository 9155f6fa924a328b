"""The history of a run in the format of Jepsen's workload for Kafka (jepsen.tests.kafka): EDN, an operation a line.

Keys are partitions of the output. A value is a number for a record of the input, input offset x partitions + partition, so that
a record that came out twice is a duplicate there too. Processes: one for each partition's transactions, one for the reader
that looked on, one for the reader at the end, and one for each partition's transactions that were aborted, whose values are
negative and belong to nothing else.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, Iterator, Sequence

from changelog import Range
from observed import Observed
from reader import Poll

NS_PER_MS = 1_000_000


@dataclass(frozen=True)
class Operation:
    time: int  # nanoseconds since the epoch
    process: int | str
    type: str
    f: str
    value: Any  # lists, dicts, ints; strings stand for keywords

    def edn(self, index: int, began: int) -> str:
        process = self.process if isinstance(self.process, int) else f":{self.process}"
        return (f"{{:index {index}, :time {max(0, self.time - began)}, :type :{self.type}, :process {process}, "
                f":f :{self.f}, :value {edn(self.value)}}}")


def edn(value: Any) -> str:
    if value is None:
        return "nil"
    if isinstance(value, str):
        return f":{value}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{edn(k)} {edn(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + " ".join(map(edn, value)) + "]"
    return str(value)


class History:
    """Of the first records: of each partition as many as `ranges` speak of."""

    def __init__(self, ranges: Sequence[Sequence[Range]], source: Observed, final: Observed, live: Observed,
                 polls: Sequence[Poll], uncommitted: Observed) -> None:
        self._partitions = len(ranges)
        self._ranges = ranges
        self._final = final
        self._live = live
        self._polls = polls
        self._uncommitted = uncommitted
        self._values = {identity: offset * self._partitions + partition
                        for partition, sequence in enumerate(source.sequences)
                        for offset, identity in zip(sequence.offsets, sequence.ids)}
        # How much of the output is told about: what the ranges wrote.
        self.counts = [self._written(partition) for partition in range(self._partitions)]

    def _written(self, partition: int) -> int:
        count = 0
        end = self._ranges[partition][-1].end if self._ranges[partition] else 0
        for identity in self._final.sequences[partition].ids:
            value = self._values.get(identity)
            if value is None or value // self._partitions >= end:
                break
            count += 1
        return count

    def operations(self) -> list[Operation]:
        found: list[Operation] = []
        for partition in range(self._partitions):
            found += self._sends(partition)
        found += self._live_polls()
        found.sort(key=lambda operation: operation.time)  # stable: what belongs together stays in order
        found += self._final_polls(found[-1].time if found else 0)
        return found

    def _sight(self, partition: int) -> tuple[list[int], list[int]]:
        """When the reader that looked on had seen how many records."""
        counts, times = [], []
        for poll in self._polls:
            if partition in poll.ranges:
                counts.append(poll.ranges[partition][1])
                times.append(int(poll.ended * 1e9))
        return counts, times

    def _sends(self, partition: int) -> Iterator[Operation]:
        """A commit lies between the writing of its changelog record and of the next one, and before anybody sees it."""
        sequence = self._final.sequences[partition]
        seen_counts, seen_times = self._sight(partition)
        ranges = self._ranges[partition]
        aborted = self._aborted(partition)
        at = 0
        for number, each in enumerate(ranges):
            first = at
            while at < self.counts[partition] and self._value(sequence.ids[at]) // self._partitions < each.end:
                at += 1
            if at == first:
                continue  # only duplicates: nothing was sent
            invoked = each.written_ms * NS_PER_MS
            limits = [ranges[number + 1].written_ms * NS_PER_MS] if number + 1 < len(ranges) else []
            sight = bisect_right(seen_counts, at - 1)
            if sight < len(seen_times):
                limits.append(seen_times[sight])
            while aborted and aborted[0][0] < sequence.offsets[first]:
                yield from self._failed(partition, aborted.pop(0), invoked)
            pairs = [(sequence.offsets[i], self._value(sequence.ids[i])) for i in range(first, at)]
            yield Operation(invoked, partition, "invoke", "send", [["send", partition, value] for _, value in pairs])
            yield Operation(max(invoked, min(limits, default=invoked)), partition, "ok", "send",
                            [["send", partition, [offset, value]] for offset, value in pairs])

    def _aborted(self, partition: int) -> list[list[int]]:
        """Offsets that were written and never committed, as runs without a committed record between them."""
        sequence = self._final.sequences[partition]
        count = self.counts[partition]
        committed = set(sequence.offsets[:count])
        end = sequence.offsets[count - 1] if count else 0
        runs: list[list[int]] = []
        open_run = False
        for offset in self._uncommitted.sequences[partition].offsets:
            if offset > end:
                break
            if offset in committed:
                open_run = False
            elif open_run:
                runs[-1].append(offset)
            else:
                runs.append([offset])
                open_run = True
        return runs

    def _failed(self, partition: int, offsets: list[int], time: int) -> Iterator[Operation]:
        process = self._partitions + 2 + partition
        values = [self._aborted_value(partition, offset) for offset in offsets]
        yield Operation(time, process, "invoke", "send", [["send", partition, value] for value in values])
        yield Operation(time, process, "fail", "send",
                        [["send", partition, [offset, value]] for offset, value in zip(offsets, values)])

    def _value(self, identity: int) -> int:
        return self._values[identity]

    def _aborted_value(self, partition: int, offset: int) -> int:
        return -(offset * self._partitions + partition) - 1

    def _read(self, partition: int, offset: int, identity: int) -> list[int]:
        """A pair of a poll. What a reader saw of an aborted transaction has that one's value."""
        known = self._committed_offsets[partition]
        value = self._values.get(identity)
        if value is None or offset not in known:
            value = self._aborted_value(partition, offset)
        return [offset, value]

    @property
    def _committed_offsets(self) -> list[set[int]]:
        if not hasattr(self, "_known"):
            self._known = [set(s.offsets[:count]) for s, count in zip(self._final.sequences, self.counts)]
        return self._known

    def _live_polls(self) -> Iterator[Operation]:
        process = self._partitions
        began = int(self._polls[0].began * 1e9) if self._polls else 0
        yield from self._assign(process, began)
        last = began
        for poll in self._polls:
            answer = {}
            for partition, (low, high) in poll.ranges.items():
                sequence = self._live.sequences[partition]
                high = min(high, self._live_count(partition))
                if high > low:
                    answer[partition] = [self._read(partition, sequence.offsets[i], sequence.ids[i]) for i in range(low, high)]
            if answer:
                invoked = max(last, int(poll.began * 1e9))
                last = max(invoked, int(poll.ended * 1e9))
                yield Operation(invoked, process, "invoke", "poll", [["poll"]])
                yield Operation(last, process, "ok", "poll", [["poll", answer]])

    def _live_count(self, partition: int) -> int:
        """As far as the output that is told about."""
        count = self.counts[partition]
        if not count:
            return 0
        return bisect_right(self._live.sequences[partition].offsets, self._final.sequences[partition].offsets[count - 1])

    def _final_polls(self, time: int) -> Iterator[Operation]:
        process = self._partitions + 1
        yield from self._assign(process, time)
        for partition, count in enumerate(self.counts):
            sequence = self._final.sequences[partition]
            if count:
                pairs = [self._read(partition, sequence.offsets[i], sequence.ids[i]) for i in range(count)]
                yield Operation(time, process, "invoke", "poll", [["poll"]])
                yield Operation(time, process, "ok", "poll", [["poll", {partition: pairs}]])

    def _assign(self, process: int, time: int) -> Iterator[Operation]:
        for kind in ("invoke", "ok"):
            yield Operation(time, process, kind, "assign", list(range(self._partitions)))


def write(operations: Sequence[Operation], out: Any) -> None:
    """`out` is a text file."""
    began = operations[0].time if operations else 0
    for index, operation in enumerate(operations):
        out.write(operation.edn(index, began) + "\n")
