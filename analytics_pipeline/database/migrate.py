"""Brings the database up to this version: roles, schema, grants. Idempotent, and safe while services run."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from analytics_pipeline.database.grants import grant
from analytics_pipeline.database.roles import check_logins, ensure_roles_and_databases
from analytics_pipeline.database.site import store_site
from analytics_pipeline.database.urls import (
    DatabaseNotReadyError,
    Role,
    database_urls,
    ensure_database,
    sqlalchemy_url,
)
from analytics_pipeline.settings import Settings

MIGRATION_LOCK = 0x616E616C  # any number of ours: one migration at a time in a database

_REACHED = "SELECT version_num FROM analytics.alembic_version"


def migrate(settings: Settings) -> None:
    """Make roles and databases where missing, run the migrations, store the site, apply the grants.

    Starts the embedded server when no database URL is set. Raises DatabaseNotReadyError with what to do, or
    with the SQL for a DBA, and WrongTimezoneError when the time zone differs from the stored one.
    """
    owner_url = ensure_database(settings)
    ensure_roles_and_databases(settings, owner_url)
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        upgrade(owner_url)
        with connection.transaction():
            store_site(connection, settings)
            grant(connection)
    urls = database_urls(settings)
    check_logins(
        {
            Role.INGEST: urls.ingest,
            Role.PIPELINE: urls.pipeline,
            Role.ADMIN: urls.admin,
            Role.DAGSTER: urls.dagster,
        }
    )


class MigrationBlockedError(Exception):
    """A table that a migration must change is in use; nothing of that migration was done."""


def revisions_behind(settings: Settings) -> list[str]:
    """The revisions that the database has not reached yet, oldest first; changes and starts nothing.

    Raises DatabaseNotReadyError where there is no database, or it is newer than this version.
    """
    script = ScriptDirectory.from_config(alembic_config())
    with psycopg.connect(database_urls(settings).owner, autocommit=True) as connection:
        made = connection.execute("SELECT to_regclass('analytics.alembic_version')").fetchone()
        rows = connection.execute(_REACHED).fetchall() if made and made[0] else []
    reached = [revision for (revision,) in rows]
    known = [each.revision for each in script.walk_revisions()]
    if reached and reached[0] not in known:
        raise DatabaseNotReadyError(
            f"the database is at revision {reached[0]}, which this version does not know: install a newer "
            "version."
        )
    behind = known[: known.index(reached[0])] if reached else known
    return behind[::-1]


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Run the schema's migrations up to `revision`, each in a transaction of its own.

    Raises MigrationBlockedError when a table is in use for longer than a migration waits for it.
    """
    engine = create_engine(sqlalchemy_url(owner_url))
    try:
        with engine.connect() as connection:
            configuration = alembic_config()
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, revision)
    except OperationalError as error:
        if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
            raise
        raise MigrationBlockedError(
            "A table that must change has been in use for 5 s, so the migration gave up and changed nothing "
            "there: wait for what reads or writes it (pg_stat_activity names it), then migrate again."
        ) from error
    finally:
        engine.dispose()


def alembic_config() -> Config:
    """Alembic's configuration, without a file of its own."""
    configuration = Config()
    # The path may hold a percent sign, which Alembic's configuration would read as an interpolation.
    location = str(Path(__file__).parent / "migrations").replace("%", "%%")
    configuration.set_main_option("script_location", location)
    return configuration
