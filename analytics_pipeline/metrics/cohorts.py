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
from analytics_pipeline.lake.catalogue import as_of_day, first_day, first_kept_day, lake_days
from analytics_pipeline.metrics.causes import DEFINITION_CHANGE, LATE_EVENTS, RECOMPUTED
from analytics_pipeline.metrics.checks import COHORT_CHECKS
from analytics_pipeline.metrics.failures import record_failed_courses
from analytics_pipeline.metrics.fingerprint import cohort_fingerprint
from analytics_pipeline.metrics.models import COHORT
from analytics_pipeline.metrics.relations import funnel_windows, learner_day_files, required_lessons
from analytics_pipeline.metrics.unknown_refunds import find_unknown_refunds, quarantine_unknown_refunds
from analytics_pipeline.metrics.windows import refresh_windows
from analytics_pipeline.run import PipelineRun
from analytics_pipeline.settings import Settings

_LAST_PUBLICATION = """
    SELECT definition, coalesce((SELECT max(reconciled_at) FROM analytics.lake_day) > published_at, FALSE)
      FROM analytics.cohort_publication
"""
_SET_PUBLICATION = """
    INSERT INTO analytics.cohort_publication (id, definition, published_at, run_id)
    VALUES (1, %(definition)s, now(), %(run_id)s)
    ON CONFLICT (id) DO UPDATE
        SET definition = excluded.definition, published_at = excluded.published_at, run_id = excluded.run_id
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


def publish_cohorts(run: PipelineRun, cause: str | None = None) -> CohortPublication | None:
    """Publish all cohort tables for the current as-of day, in one transaction; idempotent.

    Rows of cohort days whose learner days are gone stay as they are. `cause` is why numbers may differ,
    where the caller knows better. None while there is no as-of day: the first day with events is not
    published, or is today. Raises CheckFailedError and TurnLostError; the old rows stand then.
    """
    as_of = as_of_day(run.connection, day_of(datetime.now(UTC), run.settings.zone))
    return None if as_of is None else publish_cohorts_as_of(run, as_of, cause)


def publish_cohorts_as_of(run: PipelineRun, as_of: date, cause: str | None = None) -> CohortPublication:
    """Publish all cohort tables for this as-of day; a course that breaks a check keeps its old rows.

    What keeps its old rows is recorded, and what was recorded before is forgotten. `cause` as above.
    """
    try:
        publication = _publish(run, as_of, cause)
    except CheckFailedError as error:
        record_failed_courses(run, {None: str(error)})
        raise
    record_failed_courses(run, publication.failures())
    return publication


def _publish(run: PipelineRun, as_of: date, cause: str | None) -> CohortPublication:
    relations, parameters = cohort_inputs(run, as_of), cohort_parameters(run.settings, as_of)
    definition = cohort_definition(run)
    kept_since = first_kept_day(run.connection)
    run.engine.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="publish-", dir=run.engine.scratch) as folder:
        new_rows = [NewRows(model.table, Path(folder) / f"{model.name}.csv") for model in COHORT]
        for model, rows in zip(COHORT, new_rows, strict=True):
            run.models.write_csv(of_kept_days(model.sql, kept_since), relations, parameters, rows.csv)
        find_unknown_refunds(run, relations, parameters, kept_since)
        published = publish(
            run.connection,
            turn=run.turn,
            scope=CourseScope(None, since=kept_since),
            new_rows=new_rows,
            checks=COHORT_CHECKS,
            cause=cause or _cause(run.connection, definition),
            after=lambda connection: _after(connection, run, as_of, definition),
        )
    return CohortPublication(as_of, published)


def cohort_inputs(run: PipelineRun, as_of: date) -> Mapping[str, Relation]:
    """The relations that the cohort models read."""
    first = first_day(run.connection)
    days = DayRange(first, as_of) if first is not None and first <= as_of else ()
    return {
        "learner_days": learner_day_files(run.lake, lake_days(run.connection, days).values()),
        "funnel_windows": funnel_windows(windows_by_course(run)),
        "required_lessons": required_lessons(read_required_lessons(run.connection)),
    }


def of_kept_days(sql: str, kept_since: date | None) -> str:
    """The cohort model without the rows of frozen cohort days, which what is carried on cannot count."""
    if kept_since is None:
        return sql
    return f"SELECT * FROM (\n{sql}\n) AS every_day WHERE cohort_day >= DATE '{kept_since}'"  # noqa: S608  # a date


def cohort_parameters(settings: Settings, as_of: date) -> Parameters:
    """The parameters that the cohort models take."""
    return {
        "as_of": day_start(as_of + timedelta(days=1), settings.zone),
        "quiet_days": settings.quiet_days,
        "funnel_window_days": settings.funnel_window_days,
        "refund_window_days": settings.refund_window_days,
    }


def windows_by_course(run: PipelineRun) -> dict[str, int]:
    """Funnel windows that are not the site's; one of the settings counts before the catalogue's."""
    return catalogue_windows(run.connection) | run.settings.funnel_windows


def cohort_definition(run: PipelineRun) -> str:
    """The fingerprint of all that the cohort tables rest on beside learner days and as-of."""
    settings = run.settings
    return cohort_fingerprint(
        {
            "quiet_days": settings.quiet_days,
            "funnel_window_days": settings.funnel_window_days,
            "refund_window_days": settings.refund_window_days,
            "windows": windows_by_course(run),
            "required_lessons": read_required_lessons(run.connection),
        }
    )


def _cause(connection: Connection, definition: str) -> str:
    """A changed definition comes first: it may move every number, late events only some."""
    row = connection.execute(_LAST_PUBLICATION).fetchone()
    if row is None:
        return RECOMPUTED
    published_by, days_came_since = row
    if published_by != definition:
        return DEFINITION_CHANGE
    return LATE_EVENTS if days_came_since else RECOMPUTED


def _after(connection: Connection, run: PipelineRun, as_of: date, definition: str) -> None:
    quarantine_unknown_refunds(connection)
    refresh_windows(connection, as_of, day_start(as_of + timedelta(days=1), run.settings.zone), run.run_id)
    connection.execute(_SET_PUBLICATION, {"definition": definition, "run_id": run.run_id})
