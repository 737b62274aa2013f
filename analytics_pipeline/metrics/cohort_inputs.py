"""What cohort tables are computed from beside their SQL: learner days, windows, lessons, settings."""

from collections.abc import Iterable, Mapping
from datetime import date

import pandas as pd

from analytics_pipeline.course_catalogue.store import catalogue_windows, read_required_lessons
from analytics_pipeline.days import DayRange, day_end
from analytics_pipeline.engine import Apart, Parameters, Relation, Schema, TypedFrame
from analytics_pipeline.lake.catalogue import first_day, lake_days
from analytics_pipeline.metrics.fingerprint import cohort_fingerprint
from analytics_pipeline.metrics.relations import funnel_windows, learner_day_files, required_lessons
from analytics_pipeline.run import PipelineRun
from analytics_pipeline.settings import Settings

Cohort = tuple[str, date]
"""A course and one of its cohort days."""

_COHORTS: Schema = {"course_id": "VARCHAR", "cohort_day": "DATE"}

COURSES_APART = Apart("learner_days", ["course_id"], rows_at_once=10_000_000)
"""No cohort table lets courses meet. All learner days at once, those of 235 days of 200,000 events needed
more than 1 GB for course_funnel."""


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


def of_cohorts(sql: str) -> str:
    """The cohort model's rows of the cohorts in the relation `moved_cohorts`."""
    return f"SELECT * FROM (\n{sql}\n) AS every_row WHERE (course_id, cohort_day) IN (FROM moved_cohorts)"  # noqa: S608  # ours


def cohort_frame(cohorts: Iterable[Cohort]) -> TypedFrame:
    """Cohorts as a relation."""
    return TypedFrame(pd.DataFrame(list(cohorts), columns=list(_COHORTS)), _COHORTS)


def cohort_parameters(settings: Settings, as_of: date) -> Parameters:
    """The parameters that the cohort models take."""
    return {
        "as_of": day_end(as_of, settings.zone),
        **_lengths(settings),
    }


def _lengths(settings: Settings) -> dict[str, int]:
    """How many days learners, funnels and refunds are waited for."""
    return {
        "quiet_days": settings.quiet_days,
        "funnel_window_days": settings.funnel_window_days,
        "refund_window_days": settings.refund_window_days,
    }


def windows_by_course(run: PipelineRun) -> dict[str, int]:
    """Funnel windows that are not the site's; one of the settings counts before the catalogue's."""
    return catalogue_windows(run.connection) | run.settings.funnel_windows


def cohort_definition(run: PipelineRun) -> str:
    """The fingerprint of all that the cohort tables rest on beside learner days and as-of."""
    return cohort_fingerprint(
        {
            **_lengths(run.settings),
            "windows": windows_by_course(run),
            "required_lessons": read_required_lessons(run.connection),
        }
    )
