"""Stands between a sink and PostgreSQL, and cuts the connection right after a COMMIT was carried out, before its answer."""

from __future__ import annotations

import select
import socket
import threading

SENT = b"; COMMIT\0"  # the end of the message that moves the offsets
DONE = b"COMMIT\0"    # of the answer to it, followed by ReadyForQuery


class CommitCutter:
    """`cuts`: which commits, counted from 1 over all connections, are not answered. On a free port."""

    def __init__(self, server_port: int, cuts: set[int]) -> None:
        self._server = ("127.0.0.1", server_port)
        self._cuts = cuts
        self._commits = 0
        self.cut = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        """One connection after the other: a sink has one."""
        while True:
            try:
                client = self._listener.accept()[0]
                with client, socket.create_connection(self._server) as server:
                    self._pass_on(client, server)
            except OSError:
                if self._listener.fileno() < 0:
                    return

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        tail = b""
        while True:
            for ready in select.select([client, server], [], [])[0]:
                data = ready.recv(1 << 16)
                if not data:
                    return
                (server if ready is client else client).sendall(data)
                if ready is server:
                    continue
                tail = (tail + data)[-len(SENT):]
                if tail == SENT:
                    self._commits += 1
                    if self._commits in self._cuts:
                        self._wait_done(server)
                        return

    def _wait_done(self, server: socket.socket) -> None:
        answer = b""
        while DONE not in answer:
            data = server.recv(1 << 16)
            if not data:
                return
            answer += data
        self.cut += 1
