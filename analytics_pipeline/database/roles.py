"""What each role may do. Applied anew after every migration; the tests try everything else."""

import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from analytics_pipeline.database.secret_files import read_secret, write_secret
from analytics_pipeline.database.urls import Role, dagster_database

PUBLISHED = (
    "event_day",
    "lesson_daily",
    "course_daily",
    "lesson_cohort",
    "quiz_cohort",
    "course_funnel",
    "course_refund",
    "signal",
    "metric_revision",
)

GRANTS = f"""
REVOKE ALL ON SCHEMA ingest, analytics, public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA ingest, analytics
    FROM PUBLIC, analytics_ingest, analytics_pipeline, analytics_admin;
GRANT USAGE ON SCHEMA ingest TO analytics_ingest, analytics_pipeline;
GRANT USAGE ON SCHEMA analytics TO analytics_ingest, analytics_pipeline, analytics_admin;

GRANT INSERT ON ingest.inbox, ingest.quarantine TO analytics_ingest;
GRANT SELECT ON ingest.write_key, analytics.site TO analytics_ingest;

GRANT SELECT, DELETE ON ingest.inbox TO analytics_pipeline;
GRANT SELECT, INSERT, DELETE ON ingest.quarantine TO analytics_pipeline;
GRANT SELECT, INSERT, UPDATE ON ingest.write_key TO analytics_pipeline;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA analytics TO analytics_pipeline;
REVOKE INSERT, UPDATE, DELETE ON analytics.site, analytics.pipeline_state, analytics.alembic_version
    FROM analytics_pipeline;

GRANT SELECT ON {", ".join("analytics." + table for table in PUBLISHED)},
    analytics.site, analytics.lake_day, analytics.admin_token, analytics.pipeline_state TO analytics_admin;
"""  # noqa: S608  # names of ours


class UnknownPasswordError(Exception):
    """A role exists already and nobody told us its password; the message says what to set."""


class MissingPrivilegeError(Exception):
    """The owner may not create roles or databases; the message ends with the SQL for a DBA."""


def create_roles(connection: psycopg.Connection, home: Path, owner_url: str) -> None:
    """Make the login roles and Dagster's database where they are missing. Needs an autocommit connection.

    Raises MissingPrivilegeError with the SQL for a DBA, and UnknownPasswordError where a role exists whose
    password is not kept under HOME: giving it a new one would lock another installation out.
    """
    try:
        for role in Role:
            _create_role(connection, role, home)
        name = unquote(urlsplit(dagster_database(owner_url)).path.removeprefix("/"))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(Role.DAGSTER)))
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(name), sql.Identifier(Role.DAGSTER)
                )
            )
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
    except psycopg.errors.InsufficientPrivilege as error:
        raise MissingPrivilegeError(
            "the owner role may not create roles and databases. Let a DBA run this with passwords of your "
            "own, set the role URLs (ANALYTICS_INGEST_DATABASE_URL and so on), then migrate again:\n"
            + _dba_sql(owner_url)
        ) from error


def grant(connection: psycopg.Connection) -> None:
    """Give each role what it may do, and take away everything else. Idempotent."""
    database = sql.Identifier(connection.info.dbname)
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    services = sql.SQL(", ").join([sql.Identifier(r) for r in (Role.INGEST, Role.PIPELINE, Role.ADMIN)])
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, services))
    # Publishing loads new rows into temporary tables.
    connection.execute(
        sql.SQL("GRANT TEMPORARY ON DATABASE {} TO {}").format(database, sql.Identifier(Role.PIPELINE))
    )
    connection.execute(GRANTS)


def _create_role(connection: psycopg.Connection, role: Role, home: Path) -> None:
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    password = read_secret(home, role)
    if exists and password is None:
        raise UnknownPasswordError(
            f"the role {role} exists on this server, but its password is not under {home / 'secrets'}: "
            f"set ANALYTICS_{role.name}_DATABASE_URL, or drop the role and migrate again."
        )
    if not exists:
        password = password or write_secret(home, role, secrets.token_urlsafe(24))
        create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
        connection.execute(create.format(sql.Identifier(role), sql.Literal(password)))


def _dba_sql(owner_url: str) -> str:
    name = urlsplit(dagster_database(owner_url)).path.removeprefix("/")
    roles = "\n".join(f"CREATE ROLE {role} LOGIN PASSWORD '…';" for role in Role)
    return f'{roles}\nCREATE DATABASE "{name}" OWNER {Role.DAGSTER};'
