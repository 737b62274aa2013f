"""Each role can do what it may, and nothing else: every privilege on every table is tried by every role."""

import psycopg
import pytest
from psycopg import errors, sql

from analytics_pipeline.database.urls import Role
from tests.conftest import Database
from tests.postgres import add_dagsters_database

READ, ADD, CHANGE, REMOVE, COPY_OUT, EMPTY = "SELECT", "INSERT", "UPDATE", "DELETE", "COPY TO", "TRUNCATE"
ALL = frozenset({READ, ADD, CHANGE, REMOVE, COPY_OUT, EMPTY})
SERVICES = ("ingest", "pipeline", "admin")

VIEW = "analytics.pipeline_state"
PUBLISHED = {
    f"analytics.{name}"
    for name in (
        *("event_day", "lesson_daily", "course_daily", "lesson_cohort", "quiz_cohort", "course_funnel"),
        *(
            "course_refund",
            "course_week",
            "course_to_date",
            "lesson_week",
            "course_window",
            "site_day",
            "signal",
            "signal_evaluation",
            "metric_revision",
            "course",
            "course_lesson",
        ),
    )
}
FIXED = {"analytics.site", "analytics.alembic_version", VIEW}


def may(role: str, table: str) -> set[str]:
    """What a role may do on a table. A table that nobody thought of is written by the pipeline alone."""
    rules: dict[tuple[str, str], set[str]] = {
        ("ingest", "ingest.inbox"): {ADD},
        ("ingest", "ingest.quarantine"): {ADD},
        ("ingest", "ingest.write_key"): {READ},
        ("ingest", "analytics.site"): {READ},
        ("pipeline", "ingest.inbox"): {READ, REMOVE},
        ("pipeline", "ingest.quarantine"): {READ, ADD, REMOVE},
        ("pipeline", "ingest.write_key"): {READ, ADD, CHANGE},
        ("pipeline", "analytics.turn"): {READ, CHANGE},
    }
    if (role, table) in rules:
        return rules[role, table]
    if role == "pipeline":
        return {READ} if table in FIXED else {READ, ADD, CHANGE, REMOVE}
    readable = PUBLISHED | {"analytics.site", "analytics.lake_day", "analytics.admin_token", VIEW}
    readable |= {"analytics.job_run", "analytics.publication_failure"}
    return {READ} if role == "admin" and table in readable else set()


def tables(database: Database) -> dict[str, str]:
    """Every table and view that is not PostgreSQL's, with its last column."""
    with database.connect("owner") as connection:
        return dict(
            connection.execute(
                """
                SELECT format('%I.%I', table_schema, table_name),
                       (array_agg(column_name::text ORDER BY ordinal_position DESC))[1]
                FROM information_schema.columns
                WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
                GROUP BY 1
                """
            ).fetchall()
        )


def is_allowed(connection: psycopg.Connection, action: str, table: str, column: str) -> bool:
    """Whether the role has the right to do this; what else may stand in its way does not count."""
    statements = {
        READ: "SELECT FROM {table}",
        ADD: "INSERT INTO {table} DEFAULT VALUES",
        CHANGE: "UPDATE {table} SET {column} = NULL",
        REMOVE: "DELETE FROM {table}",
        COPY_OUT: "COPY (SELECT {column} FROM {table}) TO STDOUT",
        EMPTY: "TRUNCATE {table}",
    }
    names = {"table": sql.Identifier(*table.split(".")), "column": sql.Identifier(column)}
    statement = sql.SQL(statements[action]).format(**names)
    try:
        if action == COPY_OUT:
            with connection.cursor().copy(statement) as copy:
                list(copy)
        else:
            connection.execute(statement)
    except errors.InsufficientPrivilege:
        return False
    except (errors.WrongObjectType, errors.ObjectNotInPrerequisiteState):  # a view that counts
        return False
    except errors.IntegrityError:
        return True
    finally:
        connection.rollback()
    return True


@pytest.mark.parametrize("role", SERVICES)
def test_every_action_on_every_table_is_allowed_or_refused_as_the_design_says(
    module_database: Database, role: str
) -> None:
    found, expected = {}, {}
    with module_database.connect(role, autocommit=False) as connection:
        for table, column in tables(module_database).items():
            allowed = may(role, table)
            expected[table] = allowed | ({COPY_OUT} if READ in allowed else set())
            found[table] = {action for action in ALL if is_allowed(connection, action, table, column)}
    assert len(found) > 15
    assert found == expected


def test_the_ingest_role_writes_batches_and_rejections_without_reading_them(
    module_database: Database,
) -> None:
    with module_database.connect("ingest") as connection:
        with (
            connection.cursor() as cursor,
            cursor.copy("COPY ingest.inbox (day, received_at, events, payload) FROM STDIN") as copy,
        ):
            copy.write_row(["2024-03-04", "2024-03-04T00:00:00Z", 1, b"{}\n"])
        for _ in range(2):
            connection.execute(
                "INSERT INTO ingest.quarantine (id, received_at, day, reason, body)"
                " VALUES ('x', now(), '2024-03-04', 'why', '{}') ON CONFLICT DO NOTHING"
            )
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(
                "INSERT INTO ingest.inbox (day, received_at, events, payload)"
                " VALUES ('2024-03-04', now(), 1, '') RETURNING payload"
            )
    with module_database.connect("pipeline") as connection:
        assert connection.execute("SELECT payload FROM ingest.inbox").fetchall() == [(b"{}\n",)]
        assert connection.execute("SELECT count(*) FROM ingest.quarantine").fetchone() == (1,)


def test_the_admin_role_sees_of_the_inbox_what_can_be_counted(database: Database) -> None:
    with database.connect("ingest") as connection:
        connection.execute(
            "INSERT INTO ingest.inbox (day, received_at, events, payload)"
            " VALUES ('2024-03-04', '2024-03-04T10:00Z', 2, 'abc'),"
            " ('2024-03-04', '2024-03-04T09:00Z', 3, 'de')"
        )
    with database.connect("admin") as connection:
        row = connection.execute(
            "SELECT day::text, batches, events, bytes, oldest_received_at = '2024-03-04T09:00Z'"
            " FROM analytics.pipeline_state"
        ).fetchone()
    assert row == ("2024-03-04", 2, 5, 5, True)


@pytest.mark.parametrize("role", SERVICES)
@pytest.mark.parametrize("schema", ["public", "ingest", "analytics"])
def test_no_service_makes_tables(module_database: Database, role: str, schema: str) -> None:
    statement = sql.SQL("CREATE TABLE {} (a int)").format(sql.Identifier(schema, "mine"))
    with module_database.connect(role) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement)


@pytest.mark.parametrize("role", SERVICES)
def test_only_the_pipeline_makes_temporary_tables(module_database: Database, role: str) -> None:
    with module_database.connect(role) as connection:
        if role == "pipeline":
            connection.execute("CREATE TEMPORARY TABLE mine (a int)")
        else:
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute("CREATE TEMPORARY TABLE mine (a int)")


@pytest.mark.parametrize("role", SERVICES)
def test_nobody_reads_or_writes_what_belongs_to_the_platform(module_database: Database, role: str) -> None:
    with module_database.connect("owner") as owner:
        owner.execute("CREATE SCHEMA IF NOT EXISTS platform")
        owner.execute("CREATE TABLE IF NOT EXISTS platform.lesson (title text)")
    try:
        with module_database.connect(role, autocommit=False) as connection:
            found = {a for a in ALL if is_allowed(connection, a, "platform.lesson", "title")}
        assert found == set()
    finally:
        with module_database.connect("owner") as owner:
            owner.execute("DROP SCHEMA platform CASCADE")


@pytest.fixture(scope="module")
def dagsters(module_database: Database) -> str:
    """The address of Dagster's database."""
    add_dagsters_database(module_database.urls.owner)
    return module_database.urls.dagster


def test_services_and_dagster_see_nothing_of_each_other(module_database: Database, dagsters: str) -> None:
    ours, theirs = (url.rpartition("/")[2] for url in (module_database.urls.pipeline, dagsters))
    for role in SERVICES:
        for name in (theirs, "postgres", "template1"):
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(getattr(module_database.urls, role), dbname=name)
    for name in (ours, "postgres", "template1"):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(dagsters, dbname=name)


def test_dagster_does_as_it_likes_in_its_own_database(dagsters: str) -> None:
    with psycopg.connect(dagsters) as connection:
        connection.execute("CREATE TABLE runs (id serial PRIMARY KEY)")
        connection.execute("DROP TABLE runs")


def test_a_role_of_which_we_know_nothing_cannot_even_connect(
    module_database: Database, dagsters: str
) -> None:
    stranger = "test_stranger"
    with module_database.connect("owner") as owner:
        owner.execute(f"CREATE ROLE {stranger} LOGIN PASSWORD 'stranger'".encode())
        try:
            for url in (module_database.urls.owner, dagsters):
                with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                    psycopg.connect(url, user=stranger, password="stranger")
        finally:
            owner.execute(f"DROP ROLE {stranger}".encode())


def test_no_service_role_is_more_than_a_login(module_database: Database) -> None:
    with module_database.connect("owner") as connection:
        powers = connection.execute(
            """
            SELECT rolname FROM pg_roles
            WHERE rolname = ANY(%s)
              AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
                   OR EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid))
            """,
            [[str(role) for role in Role]],
        ).fetchall()
    assert powers == []
