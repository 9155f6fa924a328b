"""A job of `semel dedup` behind the fault proxy, while a stream flows into its input beside it."""

from __future__ import annotations

from fault_proxy import FaultProxy, Seen, answer
from job import Job
from kafka_frames import Api
from process import Process

FAST = ("--commit-interval", "50ms")
SHORT_SESSION = ("-X", "session.timeout.ms=6000")  # the least that brokers take


class Scenario:
    def __init__(self, job: Job, proxy: FaultProxy) -> None:
        job.brokers = proxy.bootstrap
        self.job = job
        self.proxy = proxy
        self.workers: list[Process] = []
        self._stream: Process | None = None

    def worker(self, client_id: str = "w0", *flags: str, named: bool = True) -> Process:
        """Requests that go by its client id are its own."""
        name = ("--instance", client_id) if named else ()
        self.workers.append(self.job.start("-X", f"client.id={client_id}", *FAST, *name, *flags))
        return self.workers[-1]

    def stream(self, rate: int = 1_000) -> None:
        self._stream = self.job.start_stream(900_000, rate=rate)

    def begin(self, *flags: str, named: bool = True) -> Process:
        """A stream, and one worker that has done two transactions."""
        self.stream()
        worker = self.worker("w0", *flags, named=named)
        self.wait_committed(worker, 2)
        return worker

    def wait_committed(self, worker: Process, count: int = 1, client_id: str = "w0") -> None:
        """So many transactions more."""
        after = self.proxy.now()

        def done() -> bool:
            ended = self.proxy.seen(answer(Api.END_TXN, client_id, commit=True), after)
            return not worker.running or sum(frame.error == 0 for frame in ended) >= count
        self.proxy.wait(done, f"{count} transactions of {client_id}")
        assert worker.running, worker.describe()

    def kill(self, worker: Process) -> None:
        worker.kill9()
        self.workers.remove(worker)

    def stop(self, worker: Process) -> None:
        self.workers.remove(worker)
        worker.term()
        assert worker.wait() == 0, worker.describe()

    def finish(self) -> None:
        """All that flowed in is done, as it has to be; each fault did happen."""
        if self._stream:
            self._stream.term()
            assert self._stream.wait() == 0, self._stream.describe()
        for worker in self.workers:
            assert worker.running, worker.describe()
        self.job.wait_caught_up()
        for worker in list(self.workers):
            self.stop(worker)
        self.job.check()
        self.proxy.check_all_happened()
        check_order(self.proxy.record)


def check_order(record: list[Seen]) -> None:
    """Offsets are sent when all records have been, and by a member of the group that the broker can fence."""
    offsets_sent: dict[str, bool] = {}
    for each in record:
        asked = each.frame.request
        if each.frame.is_answer or each.fate == "released":
            continue
        if asked.api in (Api.INIT_PRODUCER_ID, Api.END_TXN):
            offsets_sent[asked.transactional_id] = False
        elif asked.api == Api.ADD_OFFSETS_TO_TXN:
            offsets_sent[asked.transactional_id] = True
        elif asked.api == Api.PRODUCE:
            assert not offsets_sent.get(asked.transactional_id), f"records behind the offsets: {each}"
        elif asked.api == Api.TXN_OFFSET_COMMIT and asked.generation is not None:
            assert asked.generation >= 0 and asked.member, f"offsets of no member: {each}"
