"""Finds what may differ from the numbers published last, and what to count it from.

A night counts this and nothing else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
from duckdb import DuckDBPyConnection

from analytics_pipeline.days import day_end, day_of
from analytics_pipeline.engine import (
    ParquetFiles,
    Relation,
    Schema,
    TypedFrame,
    copy_to_parquet,
    create_table,
    create_view,
)
from analytics_pipeline.lake.catalogue import first_kept_day, lake_days
from analytics_pipeline.lake.schema import LEARNER_DAYS
from analytics_pipeline.metrics.changes.entries import add_days, tell_entries, write_entries
from analytics_pipeline.metrics.changes.orders import tell_orders, write_orders
from analytics_pipeline.metrics.changes.shares import Counted, count_changes
from analytics_pipeline.metrics.changes.since import Since
from analytics_pipeline.metrics.changes.sql import read_step
from analytics_pipeline.metrics.cohort_inputs import Cohort, cohort_parameters, windows_by_course
from analytics_pipeline.metrics.last_publication import LookupFiles
from analytics_pipeline.metrics.relations import learner_day_files
from analytics_pipeline.run import PipelineRun

_BEFORE_ENTRIES = (
    "moved_learners",
    "known_orders",
    "sending_courses",
    "moved_orders",
    "moved_entrants",
    "buyers",
    "met_mentions",
    "met_orders",
    "met_learners",
    "met_entries",
)
_AFTER_ENTRIES = ("moved_cohorts", "quiz_takers", "quiz_days")
"""Tables of the session that finds them, each made from those before it."""

_COURSES: Schema = {"course_id": "VARCHAR"}
_QUIZZES: Schema = {"course_id": "VARCHAR", "quiz_id": "VARCHAR", "lesson_idx": "INTEGER"}

_KNOWN_QUIZZES = """
    SELECT course_id, quiz_id, min(lesson_idx)
      FROM analytics.quiz_cohort
     WHERE quiz_id IS NOT NULL
     GROUP BY course_id, quiz_id
"""


@dataclass(frozen=True)
class Moved:
    """What has moved since the last publication.

    Of `quiz_cohort` the course and day of each cohort that may have, and learner days to count them from; of
    every other table what is to be added to its rows; None where nothing tells what single learners had
    counted for, so that all is counted.
    """

    quiz_cohorts: list[Cohort]
    quiz_days: ParquetFiles
    changes: Counted | None
    lookups: LookupFiles


def find_moved(
    run: PipelineRun, since: Since, as_of: date, relations: Mapping[str, Relation], folder: Path
) -> Moved:
    """What may have moved, in files of `folder`.

    `relations` are those of the cohort models, with all learner days up to `as_of`.
    """
    parameters = {
        **cohort_parameters(run.settings, as_of),
        "last_as_of": since.last_as_of,
        "kept_since": first_kept_day(run.connection) or date.min,
    }
    about = _about_changes(run, since, as_of)
    with run.engine.session({**relations, **about}) as duck:
        tell_orders(run, duck, since.lookups, relations["learner_days"])
        tell_entries(run, duck, since, as_of, folder)
        for name in _BEFORE_ENTRIES:
            create_table(duck, name, read_step(name), parameters)
        add_days(duck, about["days_to_add"])
        lookups = write_entries(run, duck, since.lookups, as_of)
        for name in _AFTER_ENTRIES:
            create_table(duck, name, read_step(name), parameters)
        cohorts = duck.sql("SELECT course_id, cohort_day FROM moved_cohorts").fetchall()
        history = _quiz_history(run, duck, folder)
        changes = None
        if since.lookups.base_entries is not None:
            changes = count_changes(run.connection, duck, since.set_aside, parameters, folder)
        return Moved(cohorts, history, changes, write_orders(run, duck, lookups, as_of))


def _quiz_history(run: PipelineRun, duck: DuckDBPyConnection, folder: Path) -> ParquetFiles:
    """On a file and not in memory, as the whole past is: it may be larger than what a run may take."""
    quiz_days = duck.execute("SELECT day FROM quiz_days").fetchall()
    create_view(duck, "days_of_quizzes", _days(run, {day for (day,) in quiz_days}))
    path = folder / "quiz_history.parquet"
    copy_to_parquet(duck, read_step("quiz_history"), {}, path)
    columns = [name for name, *_ in duck.from_parquet(str(path)).description]
    return ParquetFiles([str(path)], {name: LEARNER_DAYS[name] for name in columns})


def _about_changes(run: PipelineRun, since: Since, as_of: date) -> dict[str, Relation]:
    """The days that changed, those on which a window began that has ended, and what stands published."""
    changed = _days(run, since.changed)
    quizzes = run.connection.execute(_KNOWN_QUIZZES).fetchall()
    stale = [(course,) for course in since.set_aside]
    return {
        "changed_days": changed,
        "days_to_add": changed,
        "ending_days": _days(run, _days_of_endings(run, since.last_as_of, as_of)),
        "known_quizzes": TypedFrame(pd.DataFrame(quizzes, columns=list(_QUIZZES)), _QUIZZES),
        "stale_courses": TypedFrame(pd.DataFrame(stale, columns=list(_COURSES)), _COURSES),
    }


def _days_of_endings(run: PipelineRun, last_as_of: datetime, as_of: date) -> set[date]:
    """Days with an instant from which on a window has ended between the two."""
    settings = run.settings
    ends = day_end(as_of, settings.zone)
    lengths = {
        settings.refund_window_days,
        settings.funnel_window_days,
        *windows_by_course(run).values(),
    }
    found = set[date]()
    for length in lengths:
        day = day_of(last_as_of - timedelta(days=length), settings.zone)
        last = day_of(ends - timedelta(days=length), settings.zone)
        found.update(day + timedelta(days=offset) for offset in range((last - day).days + 1))
    return found


def _days(run: PipelineRun, days: Iterable[date]) -> ParquetFiles:
    """Learner days of these days, with what is carried on of those that were let go of."""
    wanted = set(days)
    kept_since = first_kept_day(run.connection)
    if kept_since is not None and any(day < kept_since for day in wanted):
        wanted.add(kept_since - timedelta(days=1))
    return learner_day_files(run.lake, lake_days(run.connection, wanted).values())
