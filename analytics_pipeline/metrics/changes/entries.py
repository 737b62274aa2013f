"""What each learner did first and last, in files of the lake: a night need not look for it in every day.

They hold as of the publication that names them, as the cohort tables do: the days that have changed since are
added to them. A publication that counts every cohort names none, and the night after it reads every day. A
night writes those whom it met to the recent file, in the place of their rows in the base file. When that has
grown, both become one: so a night writes about as much after a year as after a month. The base file lies by
the last days of its learners: so a night reads lessons and quizzes hardly of more learners after a year,
either.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from duckdb import DuckDBPyConnection

from analytics_pipeline.days import DayRange
from analytics_pipeline.engine import (
    Apart,
    ParquetFiles,
    Relation,
    Schema,
    create_table,
    create_view,
    rows_in_parts,
)
from analytics_pipeline.lake.catalogue import first_day, lake_days
from analytics_pipeline.lake.schema import APART, Kind
from analytics_pipeline.metrics.changes.carried_file import RECENT_SHARE, carried_file, write_carried_file
from analytics_pipeline.metrics.changes.since import Since
from analytics_pipeline.metrics.changes.sql import read_step
from analytics_pipeline.metrics.last_publication import CarriedFiles
from analytics_pipeline.metrics.relations import learner_day_files
from analytics_pipeline.run import PipelineRun

_ENTRIES: Schema = {
    "number": "BIGINT",
    "course_id": "VARCHAR",
    "learner_id": "VARCHAR",
    "lesson_day": "DATE",
    "view_day": "DATE",
    "enrol_day": "DATE",
    "first_day": "DATE",
    "last_day": "DATE",
    "last_at": "TIMESTAMPTZ",
    "course_view_at": "TIMESTAMPTZ",
    "enroll_at": "TIMESTAMPTZ[]",
    "complete_at": "TIMESTAMPTZ[]",
    "lessons": "STRUCT(lesson_idx INTEGER, first_at TIMESTAMPTZ, completed_at TIMESTAMPTZ)[]",
    "quizzes": 'STRUCT(quiz_id VARCHAR, lesson_idx INTEGER, "day" DATE)[]',
}

_APART = Apart("days_to_add", APART, rows_at_once=4_000_000)
"""Of the days of nine months of 200,000 events a day, parts of ten million rows needed more than 1 GB."""

_NONE = ParquetFiles([], _ENTRIES)
_STANDING = """
    CREATE OR REPLACE VIEW {name} AS
    SELECT * FROM base_entries ANTI JOIN recent_entries USING (number) UNION ALL SELECT * FROM recent_entries
"""
_RECENT = """
    SELECT r.* FROM recent_entries AS r ANTI JOIN new_entries AS n
        ON n.course_id = r.course_id AND n.learner_id IS NOT DISTINCT FROM r.learner_id
    UNION ALL
    SELECT * FROM new_entries
"""
_AS_ONE = "SELECT row_number() OVER () AS number, * EXCLUDE (number) FROM ({entries})"
_BY_LAST_DAY = "FROM entries ORDER BY last_day"


def tell_entries(run: PipelineRun, duck: DuckDBPyConnection, since: Since, as_of: date, folder: Path) -> None:
    """Let the session read as `told_entries` those of the days that have not changed.

    They are those that are carried, else of all these days.
    """
    base, recent = _NONE, _NONE
    carried = since.carried
    if carried.base_entries is None:
        recent = _of_all_days(run, since.changed, as_of, folder)
    else:
        base = carried_file(run, carried.base_entries, _ENTRIES)
        recent = carried_file(run, carried.recent_entries, _ENTRIES)
    create_view(duck, "base_entries", base)
    create_view(duck, "recent_entries", recent)
    duck.execute(_STANDING.format(name="told_entries"))


def add_days(duck: DuckDBPyConnection, days: Relation) -> None:
    """Tell as `new_entries` of those of the session's `days_to_add`, which are these days.

    Besides, as `known_entries` of these and all others whom `met_entries` tell of.
    """
    sql = rows_in_parts(duck, read_step("new_entries"), {"days_to_add": days}, {}, _APART)
    create_table(duck, "new_entries", sql, {})
    duck.execute(f"CREATE VIEW known_entries AS {read_step('known_entries')}")


def write_entries(
    run: PipelineRun, duck: DuckDBPyConnection, carried: CarriedFiles, as_of: date
) -> CarriedFiles:
    """Write what the session tells, with its `new_entries`, to files that the next publication may name.

    The session reads it as `entries` from then on. The orders that are carried stay.
    """
    recent, rows = write_carried_file(run, duck, Kind.ENTRIES, _RECENT, as_of)
    # What it tells would change with the recent file.
    duck.execute("DROP VIEW told_entries")
    create_view(duck, "recent_entries", carried_file(run, recent, _ENTRIES))
    duck.execute(_STANDING.format(name="entries"))
    of_base = duck.sql("FROM base_entries").count("*").fetchall()[0][0]
    if rows <= of_base * RECENT_SHARE:
        return replace(carried, recent_entries=recent)
    # The recent ones come last in it, so that from then on it stays about in this order.
    in_order = "FROM entries" if of_base else _BY_LAST_DAY
    base, _ = write_carried_file(run, duck, Kind.ENTRIES, _AS_ONE.format(entries=in_order), as_of)
    create_view(duck, "entries", carried_file(run, base, _ENTRIES))
    run.lake.remove([recent])
    return replace(carried, base_entries=base, recent_entries=None)


def _of_all_days(run: PipelineRun, changed: Sequence[date], as_of: date, folder: Path) -> ParquetFiles:
    first = first_day(run.connection)
    days = DayRange(first, as_of) if first is not None and first <= as_of else ()
    unchanged = lake_days(run.connection, set(days) - set(changed)).values()
    path = str(folder / "told_entries.parquet")
    relations = {"met_entries": _NONE, "days_to_add": learner_day_files(run.lake, unchanged)}
    return ParquetFiles(run.engine.write_parts(read_step("new_entries"), relations, path, _APART), _ENTRIES)
