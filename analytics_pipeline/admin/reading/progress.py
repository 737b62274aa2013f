"""Reads how far the learners of a course have come."""

from sqlalchemy import BigInteger, func, select

from analytics_pipeline.admin.answers.progress import Progress, progress
from analytics_pipeline.admin.reading.lessons import lesson_counts
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.database.tables import course_funnel
from analytics_pipeline.days import DayRange


def read_progress(view: View, course_id: str, cohort_days: DayRange) -> Progress:
    """The progress of learners who entered on the cohort days."""
    entered = func.coalesce(func.sum(course_funnel.c.entered), 0).cast(BigInteger)
    enrolled, progress_sum = view.connection.execute(
        select(entered, func.sum(course_funnel.c.progress_sum)).where(
            course_funnel.c.course_id == course_id,
            course_funnel.c.funnel == "completion",
            course_funnel.c.cohort_day.between(cohort_days.first, cohort_days.last),
        )
    ).one()
    lessons = lesson_counts(view.connection, course_id, cohort_days)
    return progress(lessons, enrolled=enrolled, progress_sum=progress_sum, min_cell=view.rules.min_cell)
