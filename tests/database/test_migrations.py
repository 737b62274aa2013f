"""The migrated database is what the tables say and explains itself, whatever the server was like before."""

import ast
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy import create_engine

import analytics_pipeline.database
from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.database.migrate import migrate
from analytics_pipeline.database.roles import MissingPrivilegeError, UnknownPasswordError
from analytics_pipeline.database.site import WrongTimezoneError, check_site
from analytics_pipeline.database.tables import metadata
from analytics_pipeline.database.urls import (
    DatabaseNotReadyError,
    DatabaseUrls,
    database_urls,
    sqlalchemy_url,
)
from analytics_pipeline.events import EventType
from analytics_pipeline.settings import Settings
from tests.conftest import Database

REVISIONS = Path(analytics_pipeline.database.__file__).parent / "migrations" / "versions"

WITHOUT_COMMENT = """
    SELECT c.oid::regclass::text, a.attname
    FROM pg_class c
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace IN ('ingest'::regnamespace, 'analytics'::regnamespace) AND c.relkind IN ('r', 'v')
      AND (obj_description(c.oid, 'pg_class') IS NULL OR col_description(c.oid, a.attnum) IS NULL)
"""


@pytest.fixture(scope="module")
def second_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    embedded = EmbeddedServer(tmp_path_factory.mktemp("second"))
    try:
        embedded.start()
        with psycopg.connect(embedded.owner_url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield embedded
    finally:
        embedded.remove()


@pytest.fixture
def bare(second_server: EmbeddedServer) -> Iterator[EmbeddedServer]:
    """A server on which nothing of ours has been made yet."""
    yield second_server
    maintenance = second_server.owner_url.rpartition("/")[0] + "/postgres"
    with psycopg.connect(maintenance, autocommit=True) as connection:
        for name in ("site", "site_dagster", "analytics", "analytics_dagster"):
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(name)))
        for (role,) in connection.execute(
            "SELECT rolname FROM pg_roles WHERE NOT rolsuper AND rolname !~ '^pg_'"
        ).fetchall():
            connection.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role)))
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
        connection.execute("CREATE DATABASE analytics")


def owned_by(server: EmbeddedServer, owner: str, attributes: str, home: Path, *, create: bool) -> Settings:
    """Settings for a database `site` of an owner role that is no superuser."""
    with psycopg.connect(server.owner_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {owner} LOGIN PASSWORD 'p%40' {attributes}".encode())
        connection.execute(f"GRANT CONNECT ON DATABASE postgres TO {owner}".encode())
        if create:
            connection.execute(f"CREATE DATABASE site OWNER {owner}".encode())
    address = server.owner_url.rpartition("@")[2].rpartition("/")[0]
    return Settings(home=home, database_url=SecretStr(f"postgresql://{owner}:p%2540@{address}/site"))


def users(urls: DatabaseUrls) -> list[str]:
    found = []
    for url in (urls.ingest, urls.pipeline, urls.admin, urls.dagster):
        with psycopg.connect(url) as connection:
            found.append(f"{connection.info.user} on {connection.info.dbname}")
    return found


LOGINS = [
    "analytics_ingest on site",
    "analytics_pipeline on site",
    "analytics_admin on site",
    "analytics_dagster on site_dagster",
]


def test_the_migrations_lead_to_the_tables_as_they_are_declared(database: Database) -> None:
    engine = create_engine(sqlalchemy_url(database.urls.owner))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "compare_type": True,
                "compare_server_default": True,
                "include_name": lambda name, kind, _: kind != "schema" or name in {"ingest", "analytics"},
                "include_object": lambda _, name, kind, *__: (kind, name) != ("table", "alembic_version"),
            },
        )
        differences = compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


def test_every_table_and_every_column_explains_itself(database: Database) -> None:
    with database.connect("owner") as connection:
        assert connection.execute(WITHOUT_COMMENT).fetchall() == []


def test_the_enum_of_the_database_and_of_the_code_are_the_same(database: Database) -> None:
    with database.connect("owner") as connection:
        row = connection.execute("SELECT enum_range(NULL::analytics.event_type)::text[]").fetchone()
    assert row == ([kind.value for kind in EventType],)


def test_a_revision_stands_by_itself() -> None:
    """It must go on to make what it made when it was written, whatever becomes of the tables' declaration."""
    for file in REVISIONS.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.startswith("analytics_pipeline")], file.name


def test_migrating_again_changes_nothing(database: Database) -> None:
    with database.connect("pipeline") as connection:
        connection.execute("UPDATE analytics.turn SET epoch = 7")
    migrate(database.settings)
    migrate(database.settings)
    with database.connect("pipeline") as connection:
        assert connection.execute("SELECT epoch FROM analytics.turn").fetchone() == (7,)


def test_a_grant_that_was_given_by_hand_is_taken_back(database: Database) -> None:
    with database.connect("owner") as connection:
        connection.execute("GRANT SELECT ON ingest.inbox TO analytics_admin, PUBLIC")
    migrate(database.settings)
    with database.connect("admin") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT FROM ingest.inbox")


def test_another_time_zone_than_the_first_is_refused_with_what_to_do(database: Database) -> None:
    moved = database.settings.model_copy(update={"timezone": "Europe/Paris"})
    sentence = "ANALYTICS_TIMEZONE is Europe/Paris, but the days of this database were cut in UTC"
    with pytest.raises(WrongTimezoneError, match=sentence):
        migrate(moved)
    for role in ("ingest", "pipeline", "admin"):
        with database.connect(role) as connection:
            check_site(connection, database.settings)
            with pytest.raises(WrongTimezoneError, match=sentence):
                check_site(connection, moved)


def test_a_migration_that_cannot_have_its_lock_gives_up(bare: EmbeddedServer, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", database_url=SecretStr(bare.owner_url))
    with psycopg.connect(bare.owner_url) as other:
        other.execute("CREATE SCHEMA analytics")
        with pytest.raises(Exception, match="in use for 5 s"):
            migrate(settings)


def test_before_the_first_migration_services_are_told_what_is_missing(
    bare: EmbeddedServer, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path / "home", database_url=SecretStr(bare.owner_url))
    with pytest.raises(DatabaseNotReadyError, match="run `analytics migrate`"):
        _ = database_urls(settings).ingest
    with (
        psycopg.connect(bare.owner_url) as connection,
        pytest.raises(DatabaseNotReadyError, match="never migrated: run `analytics migrate`"),
    ):
        check_site(connection, settings)


def test_without_the_right_to_make_roles_the_sql_for_a_dba_is_given_and_suffices(
    bare: EmbeddedServer, tmp_path: Path
) -> None:
    settings = owned_by(bare, "site_owner", "NOCREATEROLE NOCREATEDB", tmp_path / "home", create=True)
    with pytest.raises(MissingPrivilegeError, match="Let a DBA run this") as refused:
        migrate(settings)
    script = str(refused.value).partition("\n")[2]
    for secret in (tmp_path / "home" / "secrets").iterdir():
        assert secret.read_text() not in script
    with psycopg.connect(bare.owner_url, autocommit=True) as dba:
        for statement in filter(None, map(str.strip, script.split(";\n"))):
            dba.execute(statement.encode())
    migrate(settings)
    assert users(database_urls(settings)) == LOGINS


def test_an_owner_who_may_make_roles_and_databases_needs_nobody(bare: EmbeddedServer, tmp_path: Path) -> None:
    settings = owned_by(bare, "site_owner", "CREATEROLE CREATEDB", tmp_path / "home", create=False)
    migrate(settings)
    assert users(database_urls(settings)) == LOGINS
    with psycopg.connect(database_urls(settings).owner) as connection:
        member = connection.execute("SELECT pg_has_role('analytics_dagster', 'USAGE')").fetchone()
    assert member == (False,)


def test_a_database_that_the_owner_cannot_close_is_named_with_the_sql_for_a_dba(
    bare: EmbeddedServer, tmp_path: Path
) -> None:
    settings = owned_by(bare, "site_owner", "CREATEROLE CREATEDB", tmp_path / "home", create=True)
    with psycopg.connect(bare.owner_url, autocommit=True) as dba:
        dba.execute("ALTER DATABASE site OWNER TO analytics_owner")
        dba.execute("GRANT CREATE ON DATABASE site TO site_owner")
        with pytest.raises(MissingPrivilegeError, match='ALTER DATABASE "site" OWNER TO "site_owner";'):
            migrate(settings)
        dba.execute("ALTER DATABASE site OWNER TO site_owner")
    migrate(settings)


def test_roles_of_another_installation_keep_their_passwords(database: Database, tmp_path: Path) -> None:
    other_home = database.settings.model_copy(update={"home": tmp_path})
    with pytest.raises(UnknownPasswordError, match="set ANALYTICS_INGEST_DATABASE_URL"):
        migrate(other_home)
    database.connect("ingest").close()


def test_urls_that_are_given_are_used_and_checked(database: Database, tmp_path: Path) -> None:
    urls = database.urls
    given = {
        "home": tmp_path,
        "ingest_database_url": SecretStr(urls.ingest),
        "pipeline_database_url": SecretStr(urls.pipeline),
        "admin_database_url": SecretStr(urls.admin),
        "dagster_database_url": SecretStr(urls.dagster),
    }
    migrate(database.settings.model_copy(update=given))
    wrong = urls.admin.replace("analytics_admin:", "analytics_admin:wrong")
    with pytest.raises(
        UnknownPasswordError, match=r"analytics_admin cannot log in \(.*\): set ANALYTICS_ADMIN_"
    ):
        migrate(database.settings.model_copy(update=given | {"admin_database_url": SecretStr(wrong)}))


def test_a_server_that_is_away_is_reported_as_away(database: Database) -> None:
    away = sql.SQL("postgresql://owner@127.0.0.1:1/site").as_string()
    with pytest.raises(psycopg.OperationalError, match="Connection refused"):
        migrate(database.settings.model_copy(update={"database_url": SecretStr(away)}))
