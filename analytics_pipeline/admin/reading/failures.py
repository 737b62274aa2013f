"""What could not be published, and why."""

from sqlalchemy import or_, select

from analytics_pipeline.admin.answers.base import PublicationFailure
from analytics_pipeline.admin.reading.view import View, allowed
from analytics_pipeline.database.tables import publication_failure
from analytics_pipeline.days import DayRange

MOST_FAILURES = 100


def read_failures(view: View, days: DayRange | None, course_id: str | None) -> list[PublicationFailure]:
    """What could not be published of the course (None: of any) and of the days, oldest day first."""
    failure = publication_failure.c
    selected = [
        or_(failure.course_id.is_(None), allowed(failure.course_id, is_restricted=view.is_restricted))
    ]
    if course_id is not None:
        selected.append(or_(failure.course_id.is_(None), failure.course_id == course_id))
    if days is not None:
        selected.append(or_(failure.day.is_(None), failure.day.between(days.first, days.last)))
    columns = (failure.day, failure.course_id, failure.message, failure.run_id, failure.failed_at)
    order = (failure.day, failure.course_id)
    query = select(*columns).where(*selected).order_by(*order).limit(MOST_FAILURES)
    return [PublicationFailure(**row) for row in view.rows(query, {})]
