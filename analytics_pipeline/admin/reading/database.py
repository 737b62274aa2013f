"""Reading the published tables as the role analytics_admin: pooled, read-only, one snapshot an answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import psycopg
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from analytics_pipeline.admin.problems import ProblemError

RETRY_AFTER_SECONDS = 5
STATEMENT_TIMEOUT_MS = 15_000


def _away(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": str(RETRY_AFTER_SECONDS)})


class Reader:
    """The published tables. Connections are made on first use, so the database may be away at start."""

    def __init__(self, url: str) -> None:
        engine = create_engine(
            url,
            pool_size=8,
            max_overflow=8,
            pool_timeout=5,
            # A connection that died with a restart of the database is replaced before it is used.
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": 3,
                "application_name": "analytics admin",
                "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC",
            },
        )
        self._engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """One read-only transaction that sees one publication; 503 where the database is away."""
        try:
            with self._engine.connect() as connection:
                yield connection
        except PoolTimeoutError as error:
            raise _away("Too many questions are being answered; ask again in a few seconds.") from error
        except (OperationalError, InterfaceError) as error:
            raise _away(_reason(error)) from error

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _reason(error: DBAPIError) -> str:
    if isinstance(error.orig, psycopg.errors.QueryCanceled):
        return f"The answer took longer than {STATEMENT_TIMEOUT_MS // 1000} s; ask for a shorter range."
    return "The database is away; the service answers again by itself once it is back."
