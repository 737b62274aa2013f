"""What was fixed at the first migration, and the check of every service against it."""

import psycopg

from analytics_pipeline.database.urls import DatabaseNotReadyError
from analytics_pipeline.settings import Settings


class WrongTimezoneError(Exception):
    """The service is configured for another time zone than the stored days were cut in."""


def store_site(connection: psycopg.Connection, settings: Settings) -> None:
    """Keep the site's time zone at the first migration; later ones only check it."""
    connection.execute(
        "INSERT INTO analytics.site (id, timezone) VALUES (1, %s) ON CONFLICT (id) DO NOTHING",
        [settings.timezone],
    )
    check_site(connection, settings)


def stored_timezone(connection: psycopg.Connection) -> str:
    """The zone whose days are in force; DatabaseNotReadyError before the first migration."""
    try:
        row = connection.execute("SELECT timezone FROM analytics.site").fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise DatabaseNotReadyError("the database was never migrated: run `analytics migrate`.") from error
    if row is None:
        raise DatabaseNotReadyError("the database was never migrated: run `analytics migrate`.")
    return str(row[0])


def check_site(connection: psycopg.Connection, settings: Settings) -> None:
    """Raise WrongTimezoneError or DatabaseNotReadyError when the settings do not fit the database."""
    stored = stored_timezone(connection)
    if stored != settings.timezone:
        raise WrongTimezoneError(
            f"ANALYTICS_TIMEZONE is {settings.timezone}, but the days of this database were cut in {stored}: "
            f"set it back to {stored}, or cut them anew with `analytics rezone {settings.timezone}`."
        )
