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
from analytics_pipeline.metrics.changes.lookup_files import lookup_file, write_lookup_files
from analytics_pipeline.metrics.changes.since import Since
from analytics_pipeline.metrics.changes.sql import read_step
from analytics_pipeline.metrics.last_publication import LookupFiles
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
_TOLD = """
    CREATE VIEW told_entries AS
    SELECT * FROM base_entries ANTI JOIN recent_entries USING (number) UNION ALL SELECT * FROM recent_entries
"""
_WITH_NEW = """
    SELECT t.* FROM {told} AS t ANTI JOIN new_entries AS n
        ON n.course_id = t.course_id AND n.learner_id IS NOT DISTINCT FROM t.learner_id
    UNION ALL
    SELECT * FROM new_entries
"""
_AS_ONE = "SELECT row_number() OVER () AS number, * EXCLUDE (number) FROM ({entries})"


def tell_entries(run: PipelineRun, duck: DuckDBPyConnection, since: Since, as_of: date, folder: Path) -> None:
    """Let the session read as `told_entries` those of the days that have not changed.

    They are those of the lookup files, else of all these days.
    """
    base, recent = _NONE, _NONE
    lookups = since.lookups
    if lookups.base_entries is None:
        recent = _of_all_days(run, since.changed, as_of, folder)
    else:
        base = lookup_file(run, lookups.base_entries, _ENTRIES)
        recent = lookup_file(run, lookups.recent_entries, _ENTRIES)
    _read(duck, base, recent)
    duck.execute(_TOLD)


def add_days(duck: DuckDBPyConnection, days: Relation) -> None:
    """Tell as `new_entries` of those of the session's `days_to_add`, which are these days.

    Besides, as `known_entries` of these and all others whom `met_entries` tell of.
    """
    sql = rows_in_parts(duck, read_step("new_entries"), {"days_to_add": days}, {}, _APART)
    create_table(duck, "new_entries", sql, {})
    duck.execute(f"CREATE VIEW known_entries AS {read_step('known_entries')}")


def write_entries(
    run: PipelineRun, duck: DuckDBPyConnection, lookups: LookupFiles, as_of: date
) -> LookupFiles:
    """Write what the session tells, with its `new_entries`, to files that the next publication may name.

    The session reads it as `entries` from then on. The lookup files of orders stay.
    """
    recent, every = (_WITH_NEW.format(told=told) for told in ("recent_entries", "told_entries"))
    # The recent ones come last in it, so that from then on it stays about in this order.
    in_order = every if lookups.base_entries is not None else f"{every} ORDER BY last_day"
    as_one = _AS_ONE.format(entries=in_order)
    names = write_lookup_files(
        run, duck, Kind.ENTRIES, lookups.base_entries, as_of, recent=recent, as_one=as_one
    )
    _read(duck, *(lookup_file(run, name, _ENTRIES) for name in names))
    duck.execute("ALTER VIEW told_entries RENAME TO entries")
    return replace(lookups, base_entries=names[0], recent_entries=names[1])


def _read(duck: DuckDBPyConnection, base: ParquetFiles, recent: ParquetFiles) -> None:
    create_view(duck, "base_entries", base)
    create_view(duck, "recent_entries", recent)


def _of_all_days(run: PipelineRun, changed: Sequence[date], as_of: date, folder: Path) -> ParquetFiles:
    first = first_day(run.connection)
    days = DayRange(first, as_of) if first is not None and first <= as_of else ()
    unchanged = lake_days(run.connection, set(days) - set(changed)).values()
    path = str(folder / "told_entries.parquet")
    relations = {"met_entries": _NONE, "days_to_add": learner_day_files(run.lake, unchanged)}
    return ParquetFiles(run.engine.write_parts(read_step("new_entries"), relations, path, _APART), _ENTRIES)
