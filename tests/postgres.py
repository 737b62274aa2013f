"""What tests do to a PostgreSQL server as a whole, as its owner."""

from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from analytics_pipeline.database.urls import Role, dagster_database


def server_connection(owner_url: str) -> psycopg.Connection:
    """A connection of the owner that stands in no database of a test."""
    return psycopg.connect(owner_url, dbname="postgres", autocommit=True)


def make_quick(owner_url: str) -> None:
    """No test cuts the power or guesses passwords: nothing waits for the disk, and logins are cheap."""
    owner = urlsplit(owner_url)
    with server_connection(owner_url) as connection:
        for setting in ("fsync = off", "scram_iterations = 1"):
            connection.execute(f"ALTER SYSTEM SET {setting}".encode())
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("SET scram_iterations = 1")
        role, password = sql.Identifier(owner.username or ""), unquote(owner.password or "")
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, password))


def copy_database(connection: psycopg.Connection, template: str, name: str) -> None:
    """Copy files: writing each page to the log would take four times as long."""
    copied = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    connection.execute(copied.format(sql.Identifier(name), sql.Identifier(template)))


def add_dagsters_database(owner_url: str, template: str = "template1") -> None:
    """Make the database of Dagster's records that belongs to this one; only Dagster's processes need it."""
    database = dagster_database(owner_url).rpartition("/")[2]
    with server_connection(owner_url) as connection:
        copy_database(connection, template, database)
        name, owner = sql.Identifier(database), sql.Identifier(Role.DAGSTER)
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, owner))
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
