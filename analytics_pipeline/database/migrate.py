"""Brings the database up to this version: roles, schema, grants. Idempotent, and safe while services run."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from analytics_pipeline.database.grants import grant
from analytics_pipeline.database.roles import check_logins, ensure_roles_and_databases
from analytics_pipeline.database.site import store_site
from analytics_pipeline.database.urls import Role, database_urls, ensure_database, sqlalchemy_url
from analytics_pipeline.settings import Settings

MIGRATION_LOCK = 0x616E616C  # any number of ours: one migration at a time in a database


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


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Run the schema's migrations up to `revision`, each in a transaction of its own."""
    engine = create_engine(sqlalchemy_url(owner_url))
    try:
        with engine.connect() as connection:
            configuration = alembic_config()
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, revision)
    finally:
        engine.dispose()


def alembic_config() -> Config:
    """Alembic's configuration, without a file of its own."""
    configuration = Config()
    # The path may hold a percent sign, which Alembic's configuration would read as an interpolation.
    location = str(Path(__file__).parent / "migrations").replace("%", "%%")
    configuration.set_main_option("script_location", location)
    return configuration
