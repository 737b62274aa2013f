"""Sums of every course over a range: published for the presets, added up by weeks for any other range."""

from typing import Any

from sqlalchemy import BigInteger, Text, cast, func, literal_column, select
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import Subquery

from analytics_pipeline.admin.answers.ranges import LENGTHS, Asked
from analytics_pipeline.database.tables import course_refund, course_week, course_window, signal
from analytics_pipeline.days import DayRange

COUNTS = ("learners", "enrolled", "completed", "mature", "mature_completed")
MONEY = ("orders", "gross", "refunded", "net")
ALL = 0
EMPTY: ColumnElement[Any] = literal_column("'{}'::jsonb")


def course_sums(asked: Asked, cohort_days: DayRange | None) -> Subquery:
    """Every course with its counts and money over whole weeks, its open signals, first and last day."""
    is_window = asked.preset is not None or (asked.first is None and asked.last is None)
    window = LENGTHS.get(asked.preset, ALL) if asked.preset else ALL
    sums = _published(window) if is_window else _added_up(cohort_days)
    opened = (
        select(signal.c.course_id, func.count().label("open_signals"))
        .where(signal.c.resolved_at.is_(None))
        .group_by(signal.c.course_id)
        .subquery()
    )
    return (
        select(sums, func.coalesce(opened.c.open_signals, 0).label("open_signals"))
        .outerjoin(opened, opened.c.course_id == sums.c.course_id)
        .subquery("sums")
    )


def _columns() -> list[ColumnElement[Any]]:
    return [course_window.c.course_id, course_window.c.first_day, course_window.c.last_day]


def _published(window: int) -> Subquery:
    counts = (course_window.c[name] for name in (*COUNTS, "revenue"))
    return select(*_columns(), *counts).where(course_window.c.window_days == window).subquery()


def _added_up(cohort_days: DayRange | None) -> Subquery:
    week, day = course_week.c.week, course_refund.c.cohort_day
    weeks = select(course_week.c.course_id, *(_total(course_week.c[name]).label(name) for name in COUNTS))
    orders = select(
        course_refund.c.course_id, *(func.sum(course_refund.c[name]).label(name) for name in MONEY)
    )
    currency = func.coalesce(course_refund.c.currency, "").label("currency")
    if cohort_days is None:
        weeks, orders = weeks.where(week.is_(None)), orders.where(day.is_(None))
    else:
        weeks = weeks.where(week.between(cohort_days.first, cohort_days.last))
        orders = orders.where(day.between(cohort_days.first, cohort_days.last))
    counted = weeks.group_by(course_week.c.course_id).subquery()
    sold = orders.add_columns(currency).group_by(course_refund.c.course_id, currency).subquery()
    pairs = [part for name in MONEY for part in (literal_column(f"'{name}'", Text), sold.c[name])]
    money = (
        select(
            sold.c.course_id,
            func.jsonb_object_agg(sold.c.currency, func.jsonb_build_object(*pairs)).label("revenue"),
        )
        .where(sold.c.orders > 0)
        .group_by(sold.c.course_id)
        .subquery()
    )
    return (
        select(
            *_columns(),
            *(func.coalesce(counted.c[name], 0).label(name) for name in COUNTS),
            func.coalesce(money.c.revenue, EMPTY).label("revenue"),
        )
        .select_from(course_window)
        .outerjoin(counted, counted.c.course_id == course_window.c.course_id)
        .outerjoin(money, money.c.course_id == course_window.c.course_id)
        .where(course_window.c.window_days == ALL)
        .subquery()
    )


def _total(column: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(func.sum(column), BigInteger)
