"""Reads which numbers of a course changed after they had been complete, and why."""

from datetime import date, datetime

from sqlalchemy import Date, Text, func, or_, select

from analytics_pipeline.admin.answers.base import Answer
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.database.tables import metric_revision
from analytics_pipeline.days import DayRange


class CourseRevision(Answer):
    """What one run changed for one reason; no value is told, since one day's value may be one learner's."""

    changed_at: datetime
    """When it changed."""
    cause: str
    """Why."""
    numbers: int
    """How many numbers changed."""
    first: date
    """First of their days, or cohort days."""
    last: date
    """Last of them."""
    metrics: str
    """Which columns of which tables."""
    run_id: str
    """The run that changed them."""


def read_course_revisions(
    view: View, course_id: str, days: DayRange, limit: int = 20
) -> list[CourseRevision]:
    """The changes of numbers of these days, the newest first."""
    key = metric_revision.c.key
    day = func.coalesce(key["day"].astext, key["cohort_day"].astext).cast(Date)
    table, metric = metric_revision.c.table_name, metric_revision.c.metric
    name = table.concat(".").concat(metric).cast(Text)
    rows = view.connection.execute(
        select(
            func.max(metric_revision.c.changed_at).label("changed_at"),
            metric_revision.c.cause,
            func.count().label("numbers"),
            func.min(day).label("first"),
            func.max(day).label("last"),
            func.string_agg(name.distinct(), ", ").label("metrics"),
            metric_revision.c.run_id,
        )
        .where(key["course_id"].astext == course_id, or_(day.between(days.first, days.last)))
        .group_by(metric_revision.c.run_id, metric_revision.c.cause)
        .order_by(func.max(metric_revision.c.changed_at).desc(), metric_revision.c.run_id)
        .limit(limit)
    )
    return [CourseRevision.model_validate(dict(row)) for row in rows.mappings()]
