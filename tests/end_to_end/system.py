"""A whole system of its own under a temporary HOME, driven from outside as people drive it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import httpx
import psycopg
from psycopg import sql

from analytics_pipeline.addresses import ingest_url
from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.database.migrate import migrate
from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.settings import Settings
from tests.ports import free_port
from tests.postgres import make_quick
from tests.waiting import wait_until

ANALYTICS = str(Path(sys.executable).with_name("analytics"))


def postmaster(settings: Settings) -> int:
    """The process that all of PostgreSQL's processes descend from."""
    with psycopg.connect(database_urls(settings).owner) as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        status = Path(f"/proc/{row[0]}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("PPid:")))


class System:
    """The embedded PostgreSQL and the ingest service of one HOME, and the commands of `analytics`."""

    def __init__(self, home: Path, first_day: date) -> None:
        port = free_port()
        self.settings = Settings(home=home, ingest_port=port, first_day=first_day, schedule="off")
        self.server = EmbeddedServer(home)
        self._ingest: subprocess.Popen[bytes] | None = None

    def start_ingest(self) -> None:
        """Start the ingest service; return when it takes events."""
        self._ingest = self._popen([sys.executable, "-m", "analytics_pipeline.ingest.serve"])
        wait_until(self._ingest_is_ready, 60)

    def kill_ingest(self) -> None:
        """End the ingest service and its workers at once, without a chance to finish anything."""
        assert self._ingest is not None
        os.killpg(self._ingest.pid, signal.SIGKILL)
        self._ingest.wait()

    def kill_postgres(self) -> None:
        """End PostgreSQL as a power cut would, as far as its processes are concerned."""
        os.kill(postmaster(self.settings), signal.SIGKILL)

    def command(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start `analytics ARGUMENTS`."""
        return self._popen([ANALYTICS, *arguments])

    def do(self, *arguments: str) -> None:
        """Run `analytics ARGUMENTS`, which must end well."""
        process = self.command(*arguments)
        output, _ = process.communicate(timeout=600)
        assert process.returncode == 0, f"analytics {' '.join(arguments)}:\n{output.decode()[-4000:]}"

    def connect(self) -> "psycopg.Connection":
        """A connection as the owner."""
        return psycopg.connect(database_urls(self.settings).owner, autocommit=True)

    def rows(self, table: str, *, without: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
        """All rows of a published table as text, sorted, without what differs from run to run."""
        hidden = {"id", "run_id", "computed_at", *without}
        with self.connect() as connection:
            described = connection.execute(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_schema = 'analytics' AND table_name = %s ORDER BY ordinal_position",
                [table],
            )
            columns = [name for (name,) in described if name not in hidden]
            texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in columns)
            query = sql.SQL("SELECT {} FROM analytics.{}").format(texts, sql.Identifier(table))
            return sorted(connection.execute(query).fetchall(), key=repr)

    def number(self, query: str) -> int:
        """The one number that a query gives."""
        with self.connect() as connection:
            row = connection.execute(query).fetchone()
        assert row is not None
        return int(row[0])

    def close(self) -> None:
        """End everything and remove the database."""
        if self._ingest is not None and self._ingest.poll() is None:
            self.kill_ingest()
        self.server.remove()

    def _popen(self, command: list[str]) -> "subprocess.Popen[bytes]":
        output = None if command[0] != ANALYTICS else subprocess.PIPE
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output or subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            env={**os.environ, **self.settings.as_environment()},
            process_group=0,
        )

    def _ingest_is_ready(self) -> bool:
        try:
            return httpx.get(f"{ingest_url(self.settings)}/readyz", timeout=2).is_success
        except httpx.HTTPError:
            return False


@contextmanager
def running_system(home: Path, first_day: date) -> Iterator[System]:
    """A migrated system whose ingest service takes events."""
    system = System(home, first_day)
    try:
        system.server.start()
        make_quick(system.server.owner_url)
        migrate(system.settings)
        system.start_ingest()
        yield system
    finally:
        system.close()
