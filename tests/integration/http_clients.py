"""Clients of `semel serve` as its docs want them: they repeat what was not answered, and wait when they are told to."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from typing import Callable, Sequence

from cluster import wait_for
from server import Server

# What is posted at once: one event to the path for view events, several as lines to the other.
Post = Sequence[bytes]


class HttpClients:
    """Threads with a connection each, which is kept. They take the posts in turn, as many as `allow` lets them."""

    def __init__(self, server: Server, posts: Sequence[Post], clients: int = 8) -> None:
        self._server = server
        self._posts = posts
        self.answers: Counter[str] = Counter()
        self.failure: BaseException | None = None
        self.done = 0
        self._taken = 0
        self._allowed = 0
        self._stopped = False
        self._changed = threading.Condition()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def allow(self, posts: int) -> None:
        with self._changed:
            self._allowed = posts
            self._changed.notify_all()

    def wait_done(self, posts: int, check: Callable[[], None], timeout: float = 120) -> None:
        """Until so many are answered; `check` looks meanwhile whether that can still come."""
        def reached() -> bool:
            check()
            if self.failure:
                raise self.failure
            return self.done >= posts
        wait_for(reached, f"{posts} posts answered, not {self.done}", timeout)

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(60)

    def _run(self) -> None:
        connection = self._server.connect()
        try:
            while (post := self._take()) is not None:
                self._deliver(connection, post)
                with self._changed:
                    self.done += 1
        except BaseException as error:  # the test raises it
            self.failure = error
        finally:
            connection.close()

    def _take(self) -> Post | None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._taken < min(self._allowed, len(self._posts))
                                   or self._taken == len(self._posts))
            if self._stopped or self._taken == len(self._posts):
                return None
            self._taken += 1
            return self._posts[self._taken - 1]

    def _deliver(self, connection: http.client.HTTPConnection, post: Post) -> None:
        """Until each of its events is accepted or a duplicate."""
        left = list(post)
        while left and not self._stopped:
            try:
                left, pause = self._sent(connection, left)
            except (OSError, http.client.HTTPException) as error:  # no answer: the same as `retry`
                self._count(type(error).__name__, 1)
                connection.close()
                pause = 0.05
            time.sleep(pause)

    def _sent(self, connection: http.client.HTTPConnection, events: Post) -> tuple[list[bytes], float]:
        """What has to be sent again, and after how many seconds."""
        if len(events) == 1:
            connection.request("POST", "/api-fast/view-event", events[0])
        else:
            connection.request("POST", "/v1/events", b"\n".join(events), {"Content-Type": "application/x-ndjson"})
        answer = connection.getresponse()
        text = answer.read()
        pause = float(answer.headers.get("Retry-After", 0))
        if answer.status in (429, 503):
            self._count(str(answer.status), 1)
            if len(events) == 1 or b'"results"' not in text:
                return list(events), pause or 0.05
        told = json.loads(text)
        results = [each["status"] for each in told["results"]] if "results" in told else [told["status"]] * len(events)
        assert len(results) == len(events) and set(results) <= {"accepted", "duplicate", "retry"}, (answer.status, text[:500])
        for status, count in Counter(results).items():
            self._count(status, count)
        again = [event for event, status in zip(events, results) if status == "retry"]
        return again, pause or (0.05 if again else 0)

    def _count(self, answer: str, count: int) -> None:
        with self._changed:
            self.answers[answer] += count
