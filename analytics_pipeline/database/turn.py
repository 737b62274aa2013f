"""The turn: the right to write, held by one run at a time.

Two things make it up. A session advisory lock, which PostgreSQL frees the moment its holder's connection
ends, says whose turn it is; an epoch in `analytics.turn`, raised whenever the turn changes hands, is what
every commit checks. A run whose lock was freed while it went on (its connection broke, its machine slept)
finds a higher epoch and cannot publish. Who raises the epoch waits for a commit that has checked it already.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import Connection
from psycopg.errors import LockNotAvailable
from psycopg.pq import TransactionStatus

TURN_LOCK = 7_205_759_403  # any number that no one else uses as an advisory lock of this database
POLL_SECONDS = 0.5
# Both ends give a dead peer up after half a minute, so that the turn of a machine that vanished is freed.
SESSION = """
    SELECT set_config('tcp_keepalives_idle', '15', false), set_config('tcp_keepalives_interval', '5', false),
           set_config('tcp_keepalives_count', '3', false), set_config('idle_session_timeout', '0', false),
           set_config('lock_timeout', '1s', false)
"""

_ADVISORY_LOCK = """
    l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid = (%(lock)s::bigint >> 32)::oid AND l.objid = (%(lock)s::bigint & 4294967295)::oid
"""

# The row still names the run before while a new holder has its lock but not yet its epoch: such a holder is
# unknown, and nothing may be concluded from the end of the run that the row names.
FIND_HOLDER = f"""
    SELECT t.run_id
    FROM pg_locks l
    JOIN pg_stat_activity a ON a.pid = l.pid
    JOIN analytics.turn t ON t.backend_pid = l.pid AND t.taken_at >= a.backend_start
    WHERE {_ADVISORY_LOCK}
"""  # noqa: S608  # a constant of this module

END_HOLDER = f"""
    SELECT pg_terminate_backend(l.pid)
    FROM pg_locks l JOIN analytics.turn t ON t.backend_pid = l.pid
    WHERE {_ADVISORY_LOCK} AND t.run_id = %(run_id)s
"""  # noqa: S608  # a constant of this module

# A transaction that has checked the turn keeps a row lock to its end, and with that this lock on the table.
END_COMMITS_IN_FLIGHT = """
    SELECT pg_terminate_backend(l.pid)
    FROM pg_locks l
    WHERE l.locktype = 'relation' AND l.mode = 'RowShareLock' AND l.granted
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND l.relation = 'analytics.turn'::regclass AND l.pid <> pg_backend_pid()
"""

TAKE_EPOCH = """
    UPDATE analytics.turn
    SET epoch = epoch + 1, run_id = %(run_id)s, backend_pid = pg_backend_pid(), taken_at = clock_timestamp()
    WHERE id = 1
    RETURNING epoch
"""


class TurnLostError(Exception):
    """The turn was given to another run; nothing that this run has not committed yet may be written."""


class TurnTakenError(Exception):
    """Another run holds the turn, and the caller did not want to wait."""

    def __init__(self, holder_run_id: str) -> None:
        super().__init__(f"The run {holder_run_id} is writing; wait for its end, or ask to wait (--wait).")
        self.holder_run_id = holder_run_id


@dataclass(frozen=True)
class Turn:
    """The turn as one run holds it."""

    run_id: str
    epoch: int

    def check(self, connection: Connection) -> None:
        """Raise TurnLostError unless this run still holds the turn; to its end, the transaction keeps it so.

        Must be called inside the transaction that writes: the epoch cannot be raised before that has ended.
        """
        row = connection.execute("SELECT epoch, run_id FROM analytics.turn WHERE id = 1 FOR SHARE").fetchone()
        if connection.info.transaction_status is not TransactionStatus.INTRANS:
            raise RuntimeError("The turn is checked inside the transaction that it protects.")
        if row is None or row[0] != self.epoch:
            taker = f" to {row[1]}" if row else ""
            raise TurnLostError(f"The run {self.run_id} has lost its turn{taker}; run it again.")


@contextmanager
def hold_turn(
    url: str,
    run_id: str,
    *,
    has_ended: Callable[[str], bool],
    on_wait: Callable[[str], None],
    wait: bool = True,
) -> Iterator[Turn]:
    """Hold the turn for `run_id` on a connection of its own (URL of the pipeline role) while the block runs.

    While another run holds it, `on_wait` is told that run's id once. When `has_ended` says that the other
    run is over although its sessions live, they are ended. With `wait=False`, raises TurnTakenError instead
    of waiting for a run that is not over.
    """
    with psycopg.connect(
        url,
        autocommit=True,
        application_name=f"turn {run_id}",
        keepalives_idle=15,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=30_000,
    ) as connection:
        connection.execute(SESSION)
        epoch = _Queue(connection, has_ended, on_wait, wait=wait).take(run_id)
        try:
            yield Turn(run_id, epoch)
        finally:
            # What is left of a broken connection is nothing to report: every commit was checked for itself.
            with suppress(psycopg.OperationalError):
                connection.execute(
                    "UPDATE analytics.turn SET backend_pid = NULL WHERE id = 1 AND epoch = %s", [epoch]
                )


class _Queue:
    """One run's way to the turn."""

    def __init__(
        self,
        connection: Connection,
        has_ended: Callable[[str], bool],
        on_wait: Callable[[str], None],
        *,
        wait: bool,
    ) -> None:
        self._connection = connection
        self._has_ended = has_ended
        self._on_wait = on_wait
        self._wait = wait
        self._told: str | None = None

    def take(self, run_id: str) -> int:
        """Wait for the lock, then raise the epoch for `run_id` and return it."""
        while not self._value("SELECT pg_try_advisory_lock(%(lock)s)", lock=TURN_LOCK):
            self._stand(self._value(FIND_HOLDER, lock=TURN_LOCK))
        while True:
            try:
                epoch = self._value(TAKE_EPOCH, run_id=run_id)
            except LockNotAvailable:
                # The run before has lost its lock, but a commit that had checked its turn is in flight.
                self._stand(self._value("SELECT run_id FROM analytics.turn WHERE id = 1"))
            else:
                if epoch is None:
                    raise RuntimeError("analytics.turn has no row; run `analytics migrate`.")
                return int(epoch)

    def _stand(self, holder: str | None) -> None:
        """Wait a moment for `holder` (None: not known yet), or end what it left behind when it is over."""
        if holder is None:
            pass
        elif self._has_ended(holder):
            self._connection.execute(END_COMMITS_IN_FLIGHT)
            self._connection.execute(END_HOLDER, {"lock": TURN_LOCK, "run_id": holder})
        elif not self._wait:
            raise TurnTakenError(holder)
        elif holder != self._told:
            self._on_wait(holder)
            self._told = holder
        time.sleep(POLL_SECONDS)

    def _value(self, query: LiteralString, **parameters: object) -> Any:
        row = self._connection.execute(query, parameters).fetchone()
        return row[0] if row else None
