"""Makes the login roles and the two databases, or says which SQL a DBA must run."""

import secrets
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import Connection, sql

from analytics_pipeline.database.secret_files import read_secret, write_secret
from analytics_pipeline.database.urls import DatabaseNotReadyError, Role, dagster_database, given_url
from analytics_pipeline.settings import Settings


class UnknownPasswordError(DatabaseNotReadyError):
    """A role exists already and its password is not known here; the message says what to set."""


class MissingPrivilegeError(DatabaseNotReadyError):
    """The owner role may not do what a migration needs; the message ends with the SQL for a DBA."""


def ensure_roles_and_databases(settings: Settings, owner_url: str) -> None:
    """Make the roles and databases that are missing. Idempotent.

    Raises MissingPrivilegeError where the owner role may not, and UnknownPasswordError where a role exists
    whose password is not kept under HOME: giving it a new one would lock another installation out.
    """
    with _connect(owner_url) as connection:
        version = connection.info.server_version // 10_000
        if version < 15:
            raise DatabaseNotReadyError(f"the server runs PostgreSQL {version}; 15 or newer is needed.")
        statements = list(_missing(connection, settings, owner_url))
        try:
            for statement in statements:
                connection.execute(statement)
        except psycopg.errors.InsufficientPrivilege as error:
            script = "".join(f"{statement.as_string(connection)};\n" for statement in statements)
            raise MissingPrivilegeError(
                f"the role {connection.info.user} may not create roles and databases. "
                f"Let a DBA run this (it holds no readable passwords), then migrate again:\n{script}"
            ) from error


def check_logins(urls: dict[Role, str]) -> None:
    """Raise UnknownPasswordError unless every role can log in with its URL."""
    for role, url in urls.items():
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError as error:
            reason = str(error).strip().splitlines()[-1]
            raise UnknownPasswordError(
                f"the role {role} cannot log in ({reason}): set ANALYTICS_{role.name}_DATABASE_URL, "
                "or give the role the password that is kept under HOME/secrets."
            ) from error


def _connect(owner_url: str) -> Connection:
    """A connection to our database, or to the server's own while ours is missing."""
    try:
        return psycopg.connect(owner_url, autocommit=True)
    except psycopg.OperationalError:
        maintenance = urlsplit(owner_url)._replace(path="/postgres").geturl()
        try:
            return psycopg.connect(maintenance, autocommit=True)
        except psycopg.OperationalError:
            pass
        raise


def _missing(connection: Connection, settings: Settings, owner_url: str) -> Iterator[sql.Composed]:
    """The statements that make what is missing, in order."""
    for role in Role:
        if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
            yield _create_role(connection, settings, role)
        elif given_url(settings, role) is None and read_secret(settings.home, role) is None:
            raise UnknownPasswordError(
                f"the role {role} exists on this server, but its password is not under "
                f"{settings.home / 'secrets'}: set ANALYTICS_{role.name}_DATABASE_URL, "
                "or drop the role and migrate again."
            )
    ours = _database(owner_url)
    if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", ours):
        owner = sql.Identifier(connection.info.user)
        yield sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(ours), owner)
    dagsters = _database(given_url(settings, Role.DAGSTER) or dagster_database(owner_url))
    if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", dagsters):
        name, role_name = sql.Identifier(dagsters), sql.Identifier(Role.DAGSTER)
        # Only a member of a role may make a database for it.
        yield sql.SQL("GRANT {} TO CURRENT_USER").format(role_name)
        yield sql.SQL("CREATE DATABASE {} OWNER {}").format(name, role_name)
        yield sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name)
        yield sql.SQL("REVOKE {} FROM CURRENT_USER").format(role_name)


def _create_role(connection: Connection, settings: Settings, role: Role) -> sql.Composed:
    given = given_url(settings, role)
    if given is None:
        password = read_secret(settings.home, role) or write_secret(
            settings.home, role, secrets.token_urlsafe(24)
        )
    elif unquote(urlsplit(given).username or "") == role:
        password = unquote(urlsplit(given).password or "")
    else:
        # Services log in as another role, which a DBA makes a member of this one.
        return sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role))
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    return sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
        sql.Identifier(role), sql.Literal(verifier.decode())
    )


def _exists(connection: Connection, query: str, name: str) -> bool:
    return connection.execute(query.encode(), [name]).fetchone() is not None


def _database(url: str) -> str:
    return unquote(urlsplit(url).path.removeprefix("/"))
