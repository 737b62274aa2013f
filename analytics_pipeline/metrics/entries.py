"""The first days of all learners in one file of the lake: a night need not look for them in every day.

It holds as of the publication that names it, as the cohort tables do: the days that have changed since are
added to it. A publication that counts every cohort names none, and the night after it reads every day.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from duckdb import DuckDBPyConnection

from analytics_pipeline.days import DayRange
from analytics_pipeline.engine import Apart, ParquetFiles, Schema, copy_to_parquet, create_view
from analytics_pipeline.lake.catalogue import first_day, lake_days
from analytics_pipeline.lake.schema import APART, Kind
from analytics_pipeline.metrics.models import read_sql
from analytics_pipeline.metrics.relations import learner_day_files
from analytics_pipeline.run import PipelineRun

_ENTRIES: Schema = {
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
    "quizzes": 'STRUCT(quiz_id VARCHAR, lesson_idx INTEGER, "day" DATE)[]',
}

_APART = Apart("days_to_add", APART, rows_at_once=10_000_000)
"""All days at once, those of a year of 200,000 events a day needed more than 1 GB."""


def told_entries(
    run: PipelineRun, entry_file: str | None, changed: Sequence[date], as_of: date, folder: Path
) -> ParquetFiles:
    """The entries of the days that have not changed: those of the file, else of all these days."""
    if entry_file is not None:
        return ParquetFiles(run.lake.paths([entry_file]), _ENTRIES)
    first = first_day(run.connection)
    days = DayRange(first, as_of) if first is not None and first <= as_of else ()
    unchanged = lake_days(run.connection, set(days) - set(changed)).values()
    path = str(folder / "told_entries.parquet")
    relations = {
        "told_entries": ParquetFiles([], _ENTRIES),
        "days_to_add": learner_day_files(run.lake, unchanged),
    }
    return ParquetFiles(run.engine.write_parts(read_sql("entries"), relations, path, _APART), _ENTRIES)


def write_entries(run: PipelineRun, duck: DuckDBPyConnection, as_of: date) -> str:
    """Write what the session tells to a file that the next publication may name; its name.

    The session reads it as `entries` from then on.
    """
    name = run.lake.new_name(Kind.ENTRIES, as_of, 1)
    copy_to_parquet(duck, read_sql("entries"), {}, run.lake.place(name))
    run.lake.persist([name])
    create_view(duck, "entries", ParquetFiles(run.lake.paths([name]), _ENTRIES))
    return name
