"""Connections of the role analytics_ingest, made anew whenever the database comes back."""

from collections.abc import Awaitable, Callable

import psycopg

from analytics_pipeline.database.site import WrongTimezoneError
from analytics_pipeline.database.urls import DatabaseNotReadyError, database_urls
from analytics_pipeline.settings import Settings

Connection = psycopg.AsyncConnection[tuple[object, ...]]
Connect = Callable[[], Awaitable[Connection]]

_OPTIONS = "-c synchronous_commit=on -c statement_timeout=10s -c idle_in_transaction_session_timeout=10s"
AWAY_ERRORS = (psycopg.Error, OSError, TimeoutError, DatabaseNotReadyError, WrongTimezoneError)
"""What it can mean, in Python, that the database cannot be used at the moment."""


class DatabaseAwayError(Exception):
    """The database cannot be reached or does not answer; nothing was acknowledged."""


def away_code(error: BaseException) -> str:
    """What may be logged of an error of the database: SQLSTATE or its type, never its text."""
    return getattr(error, "sqlstate", None) or type(error).__name__


def connector(settings: Settings) -> Connect:
    """A function that opens a connection in autocommit mode.

    The URL is looked up each time, because a restarted embedded server may have moved. Commits are durable
    whatever the server's default is. A server that hangs is given up after ten seconds.
    """

    async def connect() -> Connection:
        connection = await psycopg.AsyncConnection.connect(
            database_urls(settings).ingest,
            autocommit=True,
            connect_timeout=3,
            application_name="analytics ingest",
            options=_OPTIONS,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
        )
        # The database that comes back may be another one.
        site = await (await connection.execute("SELECT timezone FROM analytics.site")).fetchone()
        if site != (settings.timezone,):
            await connection.close()
            raise WrongTimezoneError
        return connection

    return connect
