"""A real PostgreSQL of our own: started, crashed, restarted; and a database in it for each test."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from cluster import ROOT, unique, wait_for

DEADLINE = 60.0


def binaries() -> Path:
    """Where initdb and postgres are: Debian keeps them out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        raise RuntimeError("no PostgreSQL server is installed (Debian: postgresql)")
    return found[-1].parent if found else Path(on_path or "").parent


def as_user(command: list[str]) -> list[str]:
    """PostgreSQL refuses to be run by root."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", *command]


class Postgres:
    """A server on a free port of the loopback interface. What it confirms is on disk: fsync is on, as it is by default."""

    def __init__(self) -> None:
        self._bin = binaries()
        (ROOT / "build").mkdir(exist_ok=True)
        self.directory = Path(tempfile.mkdtemp(prefix="postgres.", dir=ROOT / "build"))
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres")
        self._data = self.directory / "data"
        self._log = self.directory / "log"
        subprocess.run(as_user([str(self._bin / "initdb"), "-D", str(self._data), "-A", "trust", "-U", "postgres", "--no-locale",
                                "-E", "UTF8"]), cwd=self.directory, check=True, capture_output=True, timeout=DEADLINE)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Returns when it takes queries; after a crash, once it has recovered."""
        def up() -> bool:
            if self._process is None or self._process.poll() is not None:
                # After a crash it refuses to start as long as old children live.
                with self._log.open("ab") as log:
                    self._process = subprocess.Popen(
                        as_user([str(self._bin / "postgres"), "-D", str(self._data), "-p", str(self.port),
                                 "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
                                 "-c", "shared_buffers=64MB", "-c", "log_min_messages=warning"]),
                        cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            try:
                return self.sql("postgres", "SELECT 1") == "1"
            except subprocess.CalledProcessError:
                return False
        wait_for(up, f"PostgreSQL is up; see {self._log}")

    def kill9(self) -> None:
        """All its processes at once, as when the machine loses power."""
        self._signal_all(signal.SIGKILL)
        assert self._process is not None
        self._process.wait(10)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """It keeps its connections, takes new ones, and answers nobody."""
        self._signal_all(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal_all(signal.SIGCONT)

    @contextmanager
    def settings(self, **values: str) -> Iterator[None]:
        """For as long as it lasts; takes those that need no restart. Also re-reads pg_hba.conf and certificates."""
        for name, value in values.items():
            self.sql("postgres", f"ALTER SYSTEM SET {name} = '{value}'")
        self.sql("postgres", "SELECT pg_reload_conf()")
        try:
            yield
        finally:
            for name in values:
                self.sql("postgres", f"ALTER SYSTEM RESET {name}")
            self.sql("postgres", "SELECT pg_reload_conf()")

    def own(self, name: str, text: bytes) -> Path:
        """A file that only it can read, as it demands of keys."""
        path = self.directory / name
        path.write_bytes(text)
        path.chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(path, "postgres")
        return path

    def _signal_all(self, number: signal.Signals) -> None:
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self._process.send_signal(number)  # first: it would start others
        for child in children:
            try:
                os.kill(int(child), number)
            except ProcessLookupError:
                pass

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)  # without a checkpoint
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def dump(self, database: str) -> str:
        done = subprocess.run([str(self._bin / "pg_dump"), "-d", self.url(database)], stdin=subprocess.DEVNULL, check=True,
                              capture_output=True, text=True, timeout=DEADLINE)
        return done.stdout

    def sql(self, database: str, text: str) -> str:
        done = subprocess.run([str(self._bin / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), "-c", text],
                              stdin=subprocess.DEVNULL, check=True, capture_output=True, text=True, timeout=DEADLINE)
        return done.stdout.strip()


class Database:
    """One of a test's own."""

    def __init__(self, server: Postgres) -> None:
        self.server = server
        self.name = unique("t").replace(".", "_")
        server.sql("postgres", f"CREATE DATABASE {self.name}")

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    def sql(self, text: str) -> str:
        return self.server.sql(self.name, text)

    def rows(self, text: str) -> list[list[str]]:
        return [line.split("|") for line in self.sql(text).splitlines()]

    def count(self, table: str) -> int:
        """0 while it is not there, or the server is not."""
        try:
            return int(self.sql(f"SELECT count(*) FROM {table}"))
        except subprocess.CalledProcessError:
            return 0

    def dump(self) -> str:
        """A backup, as SQL."""
        return self.server.dump(self.name)

    def restore(self, dump: str) -> None:
        """In the place of what is there."""
        self.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", self.url], input=dump, check=True, capture_output=True,
                       text=True, timeout=DEADLINE)

    def end_sessions(self) -> None:
        """Cuts every connection of a sink, whatever it is doing."""
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                 "WHERE datname = current_database() AND application_name LIKE 'semel sink%'")

