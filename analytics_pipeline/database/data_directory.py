"""The data directory of the embedded PostgreSQL, and what PostgreSQL's own programs do with it."""

import shutil
from pathlib import Path
from subprocess import CompletedProcess

from analytics_pipeline.database.postgres_account import PostgresAccount
from analytics_pipeline.database.postmaster import cluster_name, postmaster

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


class EmbeddedServerError(Exception):
    """The embedded PostgreSQL cannot be used; the message says why and where its log lies."""


class DataDirectory:
    """The data in the folder `path`, which `account` owns; the `log` of its server lies beside."""

    def __init__(self, account: PostgresAccount, path: Path) -> None:
        self.path = path
        self.log = path.parent / "postgres.log"
        self._account = account

    def exists(self) -> bool:
        """Whether it was made, and made to the end."""
        return (self.path / "PG_VERSION").exists()

    def make(self, owner: str, password: str) -> None:
        """Make it, with this superuser. Raises EmbeddedServerError."""
        folder = self.path.parent
        self._account.make_folder(folder)
        # Under another name first: one that initdb did not finish is never used.
        unfinished = folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        with self._account.offer(password) as descriptor:
            made = self._account.run(
                *("initdb", "-D", str(unfinished), "-U", owner),
                *("-A", "scram-sha-256", "--pwfile", f"/dev/fd/{descriptor}"),
                *("--encoding", "UTF8", "--locale-provider", "builtin", "--locale", "C.UTF-8"),
                pass_fds=(descriptor,),
            )
        if made.returncode != 0:
            raise EmbeddedServerError(f"initdb failed under {folder}: {_why(made.stderr)}.")
        unfinished.rename(self.path)

    def launch(self, port: int) -> None:
        """Start its server on this port; return when it runs. Raises EmbeddedServerError."""
        settings = {"port": str(port), "cluster_name": cluster_name(self.path), **CONFIGURATION}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        logged = self.log.stat().st_size if self.log.exists() else 0
        started = self._pg_ctl(
            *("start", "-w", "-t", str(RECOVERY_SECONDS), "-l", str(self.log), "-o", options)
        )
        if started.returncode != 0:
            why = self._complaint(since=logged)
            raise EmbeddedServerError(f"the embedded PostgreSQL does not start: {why} (its log: {self.log}).")

    def halt(self, mode: str) -> None:
        """End its server in this mode of `pg_ctl stop`, where one runs. Raises EmbeddedServerError."""
        if postmaster(self.path) is not None:
            self._pg_ctl("stop", "-m", mode, "-w", "-t", str(STOP_SECONDS))
        if postmaster(self.path) is not None:
            raise EmbeddedServerError(f"the embedded PostgreSQL did not stop; its log is {self.log}.")

    def _complaint(self, since: int) -> str:
        """Why the server did not start, out of what its log has got since it had that many bytes."""
        written = self.log.read_bytes()[since:] if self.log.exists() else b""
        return _why(written.decode(errors="replace"))

    def _pg_ctl(self, action: str, *options: str) -> "CompletedProcess[str]":
        return self._account.run("pg_ctl", action, "-D", str(self.path), *options)


def _why(written: str) -> str:
    """The line of PostgreSQL's complaints that says why it ended."""
    lines = written.splitlines()
    fatal = [line for line in lines if "FATAL" in line or "PANIC" in line]
    return (fatal or lines or ["it wrote nothing"])[-1]
