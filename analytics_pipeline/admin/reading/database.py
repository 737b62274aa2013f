"""Reading the published tables as the role analytics_admin: pooled, read-only, one snapshot an answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from analytics_pipeline.admin.problems import ProblemError

RETRY_AFTER_SECONDS = 5
STATEMENT_TIMEOUT_MS = 15_000

_POOL: dict[str, Any] = {
    "pool_size": 8,
    "max_overflow": 8,
    "pool_timeout": 5,
    # The connection that was used last is the one whose memory is warm.
    "pool_use_lifo": True,
    "connect_args": {
        "connect_timeout": 3,
        "application_name": "analytics admin",
        "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC",
    },
}

Found = TypeVar("Found")


class Reader:
    """The published tables. Connections are made on first use, so the database may be away at start."""

    def __init__(self, url: str) -> None:
        # A connection that died with a restart of the database is replaced before it is used.
        engine = create_engine(url, pool_pre_ping=True, **_POOL)
        self._snapshots = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._look_ups = create_engine(url, isolation_level="AUTOCOMMIT", **_POOL)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """One read-only transaction that sees one publication; 503 where the database is away."""
        with _saying_why(), self._snapshots.connect() as connection:
            yield connection

    def look_up(self, read: Callable[[Connection], Found]) -> Found:
        """What `read` finds with one statement, outside of any transaction; 503 where the database is away.

        A connection that died is found out by the statement itself, and `read` is then called once more: to
        try every connection before its use, as snapshots do, would double the way to the database.
        """
        with _saying_why():
            try:
                return self._look_up(read)
            except (OperationalError, InterfaceError) as error:
                if not error.connection_invalidated:
                    raise
                return self._look_up(read)

    def _look_up(self, read: Callable[[Connection], Found]) -> Found:
        with self._look_ups.connect() as connection:
            return read(connection)

    def close(self) -> None:
        """Close all connections."""
        self._snapshots.dispose()
        self._look_ups.dispose()


@contextmanager
def _saying_why() -> Iterator[None]:
    """Let what keeps the database from answering be a 503 with its reason."""
    try:
        yield
    except PoolTimeoutError as error:
        raise _away("Too many questions are being answered; ask again in a few seconds.") from error
    except (OperationalError, InterfaceError) as error:
        raise _away(_reason(error)) from error


def _away(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": str(RETRY_AFTER_SECONDS)})


def _reason(error: DBAPIError) -> str:
    if isinstance(error.orig, psycopg.errors.QueryCanceled):
        return f"The answer took longer than {STATEMENT_TIMEOUT_MS // 1000} s; ask for a shorter range."
    return "The database is away; the service answers again by itself once it is back."
