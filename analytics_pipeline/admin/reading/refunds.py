"""Reads the orders and refunds of a course."""

from sqlalchemy import BigInteger, func, select

from analytics_pipeline.admin.answers.refunds import Refunds, refunds
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.database.tables import course_refund
from analytics_pipeline.days import DayRange

COUNTS = ("orders", "refunded_orders", "mature_orders", "mature_refunded_orders")
MONEY = ("gross", "refunded", "net")
GROUP = (course_refund.c.currency, course_refund.c.last_lesson_idx, course_refund.c.approximate)


def read_refunds(view: View, course_id: str, cohort_days: DayRange) -> Refunds:
    """The orders that were bought on the cohort days."""
    bought = course_refund.c.cohort_day.between(cohort_days.first, cohort_days.last)
    counts = (func.sum(course_refund.c[name]).cast(BigInteger).label(name) for name in COUNTS)
    money = (func.sum(course_refund.c[name]).label(name) for name in MONEY)
    rows = view.connection.execute(
        select(*GROUP, *counts, *money).where(course_refund.c.course_id == course_id, bought).group_by(*GROUP)
    )
    return refunds((dict(row) for row in rows.mappings()), view.rules.min_cell)
