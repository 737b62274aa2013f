"""The cohort tables as of a day: computed from all learner days up to it, published together."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from psycopg import Connection

from analytics_pipeline.course_catalogue.store import catalogue_windows, read_required_lessons
from analytics_pipeline.database.publish import CheckFailedError, CourseScope, NewRows, Published, publish
from analytics_pipeline.days import DayRange, day_of, day_start
from analytics_pipeline.engine import Parameters, Relation
from analytics_pipeline.lake.catalogue import as_of_day, first_day, lake_days
from analytics_pipeline.metrics.causes import LATE_EVENTS, RECOMPUTED
from analytics_pipeline.metrics.checks import COHORT_CHECKS
from analytics_pipeline.metrics.failures import record_failed_courses
from analytics_pipeline.metrics.models import COHORT
from analytics_pipeline.metrics.relations import funnel_windows, learner_day_files, required_lessons
from analytics_pipeline.metrics.windows import refresh_windows
from analytics_pipeline.run import PipelineRun
from analytics_pipeline.settings import Settings

_DAYS_CAME_SINCE = """
    SELECT (SELECT max(reconciled_at) FROM analytics.lake_day)
           > greatest((SELECT max(computed_at) FROM analytics.lesson_cohort),
                      (SELECT max(computed_at) FROM analytics.quiz_cohort),
                      (SELECT max(computed_at) FROM analytics.course_funnel),
                      (SELECT max(computed_at) FROM analytics.course_refund))
"""


@dataclass(frozen=True)
class CohortPublication:
    """Which as-of day the cohort tables were published for, and what that did."""

    as_of: date
    published: Published

    def failures(self) -> dict[str | None, str]:
        """The courses that keep their old rows, each with the checks that it broke."""
        broken = [result for result in self.published.checks if not result.passed]
        return {
            course: "Not published, the old numbers stand: violations of "
            + ", ".join(result.name for result in broken if course in result.courses)
            + "."
            for course in self.published.set_aside
        }


def publish_cohorts(run: PipelineRun) -> CohortPublication | None:
    """Publish all cohort tables for the current as-of day, in one transaction; idempotent.

    None while there is no as-of day: the first day with events is not published, or is today. Raises
    CheckFailedError and TurnLostError; the old rows stand then.
    """
    as_of = as_of_day(run.connection, day_of(datetime.now(UTC), run.settings.zone))
    return None if as_of is None else publish_cohorts_as_of(run, as_of)


def publish_cohorts_as_of(run: PipelineRun, as_of: date) -> CohortPublication:
    """Publish all cohort tables for this as-of day; a course that breaks a check keeps its old rows.

    What keeps its old rows is recorded, and what was recorded before is forgotten.
    """
    try:
        publication = _publish(run, as_of)
    except CheckFailedError as error:
        record_failed_courses(run, {None: str(error)})
        raise
    record_failed_courses(run, publication.failures())
    return publication


def _publish(run: PipelineRun, as_of: date) -> CohortPublication:
    relations, parameters = cohort_inputs(run, as_of), cohort_parameters(run.settings, as_of)
    run.engine.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="publish-", dir=run.engine.scratch) as folder:
        new_rows = [NewRows(model.table, Path(folder) / f"{model.name}.csv") for model in COHORT]
        for model, rows in zip(COHORT, new_rows, strict=True):
            run.models.write_csv(model.sql, relations, parameters, rows.csv)
        published = publish(
            run.connection,
            turn=run.turn,
            scope=CourseScope(None),
            new_rows=new_rows,
            checks=COHORT_CHECKS,
            cause=_cause(run.connection),
            after=lambda connection: refresh_windows(
                connection, as_of, day_start(as_of + timedelta(days=1), run.settings.zone), run.run_id
            ),
        )
    return CohortPublication(as_of, published)


def cohort_inputs(run: PipelineRun, as_of: date) -> Mapping[str, Relation]:
    """The relations that the cohort models read."""
    first = first_day(run.connection)
    days = DayRange(first, as_of) if first is not None and first <= as_of else ()
    return {
        "learner_days": learner_day_files(run.lake, lake_days(run.connection, days).values()),
        # A window of the settings is somebody's decision here, and counts before the catalogue's.
        "funnel_windows": funnel_windows(catalogue_windows(run.connection) | run.settings.funnel_windows),
        "required_lessons": required_lessons(read_required_lessons(run.connection)),
    }


def cohort_parameters(settings: Settings, as_of: date) -> Parameters:
    """The parameters that the cohort models take."""
    return {
        "as_of": day_start(as_of + timedelta(days=1), settings.zone),
        "quiet_days": settings.quiet_days,
        "funnel_window_days": settings.funnel_window_days,
        "refund_window_days": settings.refund_window_days,
    }


def _cause(connection: Connection) -> str:
    row = connection.execute(_DAYS_CAME_SINCE).fetchone()
    return LATE_EVENTS if row is not None and row[0] else RECOMPUTED
