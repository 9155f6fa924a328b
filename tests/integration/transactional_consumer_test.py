"""semel::TransactionalConsumer, as examples/transform.cc uses it: what comes out, whatever is killed or paused."""

from __future__ import annotations

import random
import time
from typing import Callable

from cluster import Cluster, Record, unique, wait_for
from conftest import TopicFactory
from process import Process, Semel

Examples = Callable[[str], Semel]
PARTITIONS = range(2)


class Texts:
    """An input topic and what came of it."""

    def __init__(self, cluster: Cluster, topic: TopicFactory, example: Examples, group: str) -> None:
        self.cluster = cluster
        self.source, self.output = topic("texts", partitions=2), topic("capitals", partitions=2)
        self.group = unique(group)
        self.example = example("transform")
        self.texts: dict[int, list[str]] = {part: [] for part in PARTITIONS}

    def more(self, count: int) -> None:
        for part in PARTITIONS:
            added = [f"text {len(self.texts[part]) + i} of {part}" for i in range(count)]
            self.texts[part] += added
            self.cluster.produce(self.source, [Record(text.encode(), partition=part) for text in added])

    def start(self) -> Process:
        return self.example.start(self.cluster.bootstrap, self.source, self.output, self.group)

    def written(self) -> int:
        return sum(self.cluster.end_offset(self.output, part) for part in PARTITIONS)

    def wait_until_done(self) -> None:
        ends = {part: self.cluster.end_offset(self.source, part) for part in PARTITIONS}
        wait_for(lambda: self.cluster.committed(self.group, self.source) == ends, "all is committed")

    def check(self) -> None:
        """Each once, in order."""
        for part in PARTITIONS:
            found = [(record.value or b"").decode() for record in self.cluster.read(self.output, part)]
            assert found == [text.upper() for text in self.texts[part]]


def test_killed_again_and_again_each_comes_out_once_and_in_order(
        cluster: Cluster, topic: TopicFactory, example: Examples) -> None:
    texts = Texts(cluster, topic, example, "killed")
    chance = random.Random(5)
    for _ in range(2):
        texts.more(5000)
        before = texts.written()
        victim = texts.start()
        wait_for(lambda: texts.written() > before, "some output")
        time.sleep(chance.random() * 0.2)
        victim.kill9()
    last = texts.start()
    texts.wait_until_done()
    last.term()
    assert last.wait() == 0
    texts.check()


def test_paused_until_others_took_over_it_adds_nothing_and_can_take_over_again(
        cluster: Cluster, topic: TopicFactory, example: Examples) -> None:
    texts = Texts(cluster, topic, example, "paused")
    texts.more(100)
    sleeper = texts.start()
    texts.wait_until_done()
    before = texts.written()
    texts.more(20_000)
    wait_for(lambda: texts.written() > before, "some more output")
    sleeper.pause()
    guest = texts.start()
    texts.more(1000)
    texts.wait_until_done()
    sleeper.cont()
    texts.more(1000)
    texts.wait_until_done()
    guest.term()
    assert guest.wait() == 0
    texts.more(1000)  # of partitions that the sleeper had before
    texts.wait_until_done()
    sleeper.term()
    assert sleeper.wait() == 0
    texts.check()
