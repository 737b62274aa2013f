"""Sums of every course over a range: published for the presets, else the difference of two totals."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Date, Integer, bindparam, func, literal_column, select
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause, Select

from analytics_pipeline.admin.answers.ranges import LENGTHS, Asked
from analytics_pipeline.database.tables import course_to_date, course_window
from analytics_pipeline.days import DayRange

COUNTS = ("learners", "enrolled", "completed", "mature", "mature_completed")
ALL = 0
EMPTY: ColumnElement[Any] = literal_column("'{}'::jsonb")


def is_published(asked: Asked) -> bool:
    """Whether the sums over these days are published as they are."""
    return asked.preset is not None or (asked.first is None and asked.last is None)


def sums_of_courses(*, published: bool) -> Select[Any]:
    """Every course with its counts and money over whole weeks, its first and last day.

    Money is `revenue` less `revenue_before`, currency by currency. To be run with `sum_values`.
    """
    return _published() if published else _differences()


def sum_values(asked: Asked, cohort_days: DayRange | None) -> Mapping[str, object]:
    """The values of the parameters that the sums take."""
    if is_published(asked):
        return {"window_days": LENGTHS.get(asked.preset, ALL) if asked.preset else ALL}
    if cohort_days is None:
        return {"last_week": None, "week_before": None}
    return {"last_week": cohort_days.last, "week_before": cohort_days.first - timedelta(days=1)}


def _columns() -> list[ColumnElement[Any]]:
    return [course_window.c.course_id, course_window.c.first_day, course_window.c.last_day]


def _published() -> Select[Any]:
    counts = (course_window.c[name] for name in (*COUNTS, "revenue"))
    nothing = EMPTY.label("revenue_before")
    of_window = course_window.c.window_days == bindparam("window_days", type_=Integer)
    return select(*_columns(), *counts, nothing).where(of_window)


def _differences() -> Select[Any]:
    end, before = course_to_date.alias("at_end"), course_to_date.alias("before")

    def difference(name: str) -> ColumnElement[int]:
        return (func.coalesce(end.c[name], 0) - func.coalesce(before.c[name], 0)).label(name)

    def money(totals: FromClause) -> ColumnElement[Any]:
        return func.coalesce(totals.c.revenue, EMPTY)

    joined = course_window.outerjoin(end, _totals_at(end, "last_week")).outerjoin(
        before, _totals_at(before, "week_before")
    )
    return (
        select(
            *_columns(),
            *(difference(name) for name in COUNTS),
            money(end).label("revenue"),
            money(before).label("revenue_before"),
        )
        .select_from(joined)
        .where(course_window.c.window_days == ALL)
    )


def _totals_at(totals: FromClause, day: str) -> ColumnElement[bool]:
    """The course's totals at the end of the last week that had begun by then."""
    week = course_to_date.c.week
    newest = select(func.max(week)).where(week <= bindparam(day, type_=Date)).scalar_subquery()
    return (totals.c.course_id == course_window.c.course_id) & (totals.c.week == newest)
