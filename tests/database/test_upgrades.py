"""A database of any earlier revision is brought up to date with all that it holds, while others read."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import create_engine

from analytics_pipeline.database.grants import grant
from analytics_pipeline.database.migrate import (
    MigrationBlockedError,
    alembic_config,
    revisions_behind,
    upgrade,
)
from analytics_pipeline.database.urls import DatabaseNotReadyError, sqlalchemy_url
from analytics_pipeline.events import EventType
from analytics_pipeline.importing.oulad import open_oulad
from analytics_pipeline.metrics.publication import publish_cohorts, publish_daily
from analytics_pipeline.signals import evaluate
from tests.conftest import Database, Server, fresh_database
from tests.course_life import FIRST, life
from tests.database.published import publish
from tests.pipeline_runs import a_run

REVISIONS = [each.revision for each in ScriptDirectory.from_config(alembic_config()).walk_revisions()][::-1]
HEAD = REVISIONS[-1]

COLUMNS = """
    SELECT table_schema, table_name, array_agg(column_name::text ORDER BY column_name)
      FROM information_schema.columns c
      JOIN information_schema.tables USING (table_schema, table_name)
     WHERE table_schema IN ('ingest', 'analytics') AND table_type = 'BASE TABLE'
       AND table_name <> 'alembic_version'
     GROUP BY 1, 2
"""
NEVER_SAME = {"id", "computed_at", "run_id", "changed_at", "reconciled_at", "as_of"}
KNOWN = """
    SELECT course_id, sum(enrolments)::bigint, sum(completions)::bigint
      FROM analytics.course_daily GROUP BY 1 ORDER BY 1
"""
ADD_TYPE = '''
"""Adds the event type `note_taken`."""
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "{head}", None, None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("ALTER TYPE analytics.event_type ADD VALUE IF NOT EXISTS 'note_taken'")
'''

Cells = dict[str, list[str]]


@contextmanager
def at_revision(server: Server, revision: str) -> Iterator[Database]:
    """An empty database of this revision; the roles are there, and may do nothing in it yet."""
    with fresh_database(server) as database:
        with database.connect("owner") as owner:
            owner.execute("DROP SCHEMA ingest, analytics CASCADE")
        upgrade(database.urls.owner, revision)
        yield database


def columns_of(connection: psycopg.Connection) -> dict[tuple[str, str], list[str]]:
    return {(schema, name): columns for schema, name, columns in connection.execute(COLUMNS)}


def cells(connection: psycopg.Connection, columns: dict[tuple[str, str], list[str]]) -> Cells:
    """Every cell of these columns, what differs from run to run aside."""
    found = {}
    for (schema, table), names in sorted(columns.items()):
        compared = [name for name in names if name not in NEVER_SAME]
        query = sql.SQL("SELECT {} FROM {}").format(
            sql.SQL(", ").join(map(sql.Identifier, compared)), sql.Identifier(schema, table)
        )
        if compared:
            found[f"{schema}.{table}"] = sorted(map(str, connection.execute(query).fetchall()))
    return found


def copy_into(source: Database, target: Database) -> None:
    """Put what the source holds into the target, as far as the target has tables and columns for it.

    That is what a system of the target's revision holds: later revisions have only added to it.
    """
    with source.connect("owner") as reading, target.connect("owner") as writing:
        newer = columns_of(reading)
        with writing.transaction():
            writing.execute("SET LOCAL session_replication_role = replica")
            for (schema, table), names in columns_of(writing).items():
                if (schema, table) not in newer:
                    continue
                listed = sql.SQL(", ").join(map(sql.Identifier, names))
                place = sql.Identifier(schema, table)
                writing.execute(sql.SQL("DELETE FROM {}").format(place))
                take = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(listed, place)
                give = sql.SQL("COPY {} ({}) FROM STDIN").format(place, listed)
                with reading.cursor().copy(take) as out, writing.cursor().copy(give) as into:
                    for block in out:
                        into.write(block)


def publish_again(database: Database, folder: Path, **settings: Any) -> None:
    """As after a change of definitions: every day, and every cohort."""
    with a_run(database, folder, **settings) as run:
        days = [day for (day,) in run.connection.execute("SELECT day FROM analytics.lake_day").fetchall()]
        published = publish_daily(run, days, lambda _: None)
        assert len(published.days) == len(days)
        publish_cohorts(run)
        evaluate.evaluate_signals(run)


def upgrade_and_compare(
    server: Server, source: Database, folder: Path, revision: str, **settings: Any
) -> None:
    with at_revision(server, revision) as database:
        copy_into(source, database)
        with database.connect("owner") as owner:
            columns = columns_of(owner)
            before = cells(owner, columns)
        assert len(before["analytics.lesson_cohort"]) > 0
        upgrade(database.urls.owner)
        with database.connect("owner") as owner:
            assert cells(owner, columns) == before
            grant(owner)
            # Identity columns go on after what was copied.
            for table in ("signal", "quiz_cohort", "course_refund"):
                owner.execute(
                    "SELECT setval(pg_get_serial_sequence(%s, 'id'), 1000000)", [f"analytics.{table}"]
                )
        shutil.copytree(folder / "lake", folder / f"lake-{revision}" / "lake")
        publish_again(database, folder / f"lake-{revision}", **settings)
        published = {
            place: [name for name in names if place[1] != "cohort_publication"]
            for place, names in columns.items()
            if place[1] not in {"lake_day", "turn", "signal_evaluation", "metric_revision"}
        }
        with database.connect("owner") as owner:
            again = cells(owner, published)
            assert again == {name: rows for name, rows in before.items() if name in again}
            revised = set(owner.execute("SELECT table_name, metric FROM analytics.metric_revision"))
        # What this revision had no column for is counted for the first time.
        assert not {(name, metric) for name, metric in revised if metric in columns["analytics", name]}


@pytest.fixture(scope="module")
def small(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, Path]]:
    """Six days of a small platform, published by this version."""
    folder = tmp_path_factory.mktemp("small")
    stream = life(seed=21, days=6, learners=20, events_a_day=50)
    with fresh_database(server) as database:
        publish(database, folder, [event for wire in stream.values() for event in wire], first_day=FIRST)
        yield database, folder


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_every_earlier_revision_keeps_every_cell_and_goes_on_with_the_same_numbers(
    server: Server, small: tuple[Database, Path], revision: str
) -> None:
    source, folder = small
    upgrade_and_compare(server, source, folder, revision, first_day=FIRST)


@pytest.mark.timeout(900)
def test_a_database_of_the_first_revision_keeps_every_number_of_a_real_course(
    server: Server, test_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each as-of day is judged by itself: a week of them holds what a quarter does.
    monkeypatch.setattr(evaluate, "MOST_DAYS", 7)
    settings = {"first_day": date(2012, 1, 1)}
    blank: dict[str, Any] = {"userId": None, "courseId": None, "lessonIdx": None, "metadata": {}}
    source = open_oulad(test_data / "oulad", ZoneInfo("UTC"), ["AAA"])
    wire = [{**blank, **json.loads(event)} for event in source.events if b"AAA-2013J" in event]
    with fresh_database(server) as database:
        publish(database, tmp_path, wire, **settings)
        with database.connect("owner") as owner:
            known = owner.execute(KNOWN).fetchall()
        assert known == [("AAA-2013J", 383, 278)]
        upgrade_and_compare(server, database, tmp_path, "0001", **settings)


def test_the_check_says_what_is_missing_and_changes_nothing(server: Server) -> None:
    with at_revision(server, REVISIONS[1]) as database:
        for _ in range(2):
            assert revisions_behind(database.settings) == REVISIONS[2:]
        with database.connect("owner") as owner:
            owner.execute("DROP SCHEMA analytics CASCADE")
        assert revisions_behind(database.settings) == REVISIONS
    with fresh_database(server) as database:
        assert revisions_behind(database.settings) == []
        with database.connect("owner") as owner:
            owner.execute("UPDATE analytics.alembic_version SET version_num = '7777'")
        with pytest.raises(DatabaseNotReadyError, match="at revision 7777, which this version does not know"):
            revisions_behind(database.settings)


def test_a_migration_behind_a_long_reader_gives_up_changes_nothing_and_goes_through_later(
    server: Server,
) -> None:
    before = REVISIONS[REVISIONS.index("0008") - 1]
    with at_revision(server, before) as database, database.connect("owner", autocommit=False) as reader:
        reader.execute("SELECT count(*) FROM analytics.lake_day")
        with pytest.raises(MigrationBlockedError, match="wait for what reads or writes it"):
            upgrade(database.urls.owner, "0008")
        assert revisions_behind(database.settings)[0] == "0008"
        # Nobody queues up behind a migration that gave up.
        with database.connect("owner") as other:
            other.execute("SET statement_timeout = '2s'")
            other.execute("SELECT count(*) FROM analytics.lake_day")
        reader.rollback()
        upgrade(database.urls.owner)
        assert revisions_behind(database.settings) == []


def test_an_event_type_is_added_while_others_read_and_write(database: Database, tmp_path: Path) -> None:
    revision = tmp_path / "9999_note_taken.py"
    revision.write_text(ADD_TYPE.format(head=HEAD))
    configuration = alembic_config()
    ours = configuration.get_main_option("script_location")
    configuration.set_main_option("path_separator", "newline")
    configuration.set_main_option("version_locations", f"{ours}/versions\n{tmp_path}")
    insert = """
        INSERT INTO analytics.event_day (day, course_id, event_type, events, anonymous, excluded, duplicates,
                                         conflicts, rejected, computed_at, run_id)
        VALUES ('2024-03-01', 'c1', %s, 1, 0, 0, 0, 0, 0, now(), 'a-run')
    """
    with (
        database.connect("admin", autocommit=False) as reader,
        database.connect("pipeline", autocommit=False) as writer,
    ):
        reader.execute("SELECT count(*), max(event_type) FROM analytics.event_day")
        writer.execute(insert, ["enroll"])
        engine = create_engine(sqlalchemy_url(database.urls.owner))
        with engine.connect() as connection:
            connection.exec_driver_sql("SET statement_timeout = '4s'")
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, "9999")
        engine.dispose()
        writer.execute(insert, ["complete"])
        writer.commit()
        writer.execute(insert, ["note_taken"])
        writer.commit()
        reader.execute("SELECT count(*), max(event_type) FROM analytics.event_day")
    with database.connect("owner") as owner:
        row = owner.execute("SELECT enum_range(NULL::analytics.event_type)::text[]").fetchone()
    assert row == ([*(kind.value for kind in EventType), "note_taken"],)
