"""What is read about one course: sums over its published rows, selected by day or by cohort day."""

from collections.abc import Sequence
from datetime import date
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Date,
    Text,
    any_,
    bindparam,
    case,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from analytics_pipeline.admin.reading.view import Row, rows_of
from analytics_pipeline.database.tables import course_daily, course_funnel, event_day, quiz_cohort, site_day
from analytics_pipeline.days import DayRange

QUIZ_COUNTS = ("attempters", "first_attempt_passers", "best_attempt_passers", "attempts")
FUNNEL_COUNTS = (
    "entered",
    "step_2",
    "step_3",
    "converted",
    "open",
    "dropped",
    "refunded",
    "mature",
    "mature_step_2",
    "mature_step_3",
    "already_enrolled",
)
EVENT_COUNTS = ("events", "anonymous", "excluded", "duplicates", "conflicts", "rejected")

COURSE: ColumnElement[str] = bindparam("course_id", type_=Text)


def sums(table: FromClause, names: tuple[str, ...]) -> list[ColumnElement[int]]:
    """The sums of these columns, 0 where there is no row."""
    return [func.coalesce(func.sum(table.c[name]), 0).cast(BigInteger).label(name) for name in names]


def on_days(day: Column[Any], first: str = "first", last: str = "last") -> ColumnElement[bool]:
    """Whether a day lies within the parameters of these names."""
    return day.between(bindparam(first, type_=Date), bindparam(last, type_=Date))


def within(day: Column[Any]) -> ColumnElement[bool]:
    """Whether a row is about the course, and its day lies within `first` and `last`."""
    return (day.table.c.course_id == COURSE) & on_days(day)


def ends_of(days: DayRange) -> dict[str, date]:
    """The values of the parameters `first` and `last`."""
    return {"first": days.first, "last": days.last}


_PUBLISHED_DAYS = select(func.min(course_daily.c.day), func.max(course_daily.c.day)).where(
    course_daily.c.course_id == COURSE
)


def published_days(connection: Connection, course_id: str) -> DayRange | None:
    """First and last day of the course; None where it is unknown."""
    first, last = connection.execute(_PUBLISHED_DAYS, {"course_id": course_id}).one()
    return None if first is None else DayRange(first, last)


_EVENT_COUNTS = select(*sums(event_day, EVENT_COUNTS)).where(
    event_day.c.course_id == any_(bindparam("courses", type_=ARRAY(Text))), on_days(event_day.c.day)
)


def event_counts(connection: Connection, courses: Sequence[str], days: DayRange) -> Row:
    """Row of `event_day` for these courses over the days."""
    return rows_of(connection, _EVENT_COUNTS, courses=list(courses), **ends_of(days))[0]


_SITE_EVENT_COUNTS = select(*sums(site_day, EVENT_COUNTS)).where(on_days(site_day.c.day))


def site_event_counts(connection: Connection, days: DayRange) -> Row:
    """The same for all courses together, and for what names none."""
    return rows_of(connection, _SITE_EVENT_COUNTS, **ends_of(days))[0]


_DAILY_COLUMNS = (column for column in course_daily.c if isinstance(column.type, BigInteger))
_DAILY_ROWS = (
    select(course_daily.c.day, *_DAILY_COLUMNS).where(within(course_daily.c.day)).order_by(course_daily.c.day)
)


def daily_rows(connection: Connection, course_id: str, days: DayRange) -> list[Row]:
    """The rows of `course_daily`, oldest first; days without any event have none."""
    return rows_of(connection, _DAILY_ROWS, course_id=course_id, **ends_of(days))


_QUIZ = quiz_cohort.c.quiz_id
_QUIZ_LESSON = func.min(quiz_cohort.c.lesson_idx).label("lesson_idx")
_QUIZ_COUNTS = (
    select(_QUIZ, _QUIZ_LESSON, *sums(quiz_cohort, QUIZ_COUNTS))
    .where(within(quiz_cohort.c.cohort_day))
    .group_by(_QUIZ, case((_QUIZ.is_(None), quiz_cohort.c.lesson_idx)))
    .order_by(_QUIZ_LESSON.nulls_last(), _QUIZ.nulls_first())
)


def quiz_counts(connection: Connection, course_id: str, cohort_days: DayRange) -> list[Row]:
    """Row of `quiz_cohort` over the cohort days, one a quiz, in lesson order."""
    return rows_of(connection, _QUIZ_COUNTS, course_id=course_id, **ends_of(cohort_days))


_FUNNEL_COUNTS = (
    select(course_funnel.c.funnel, *sums(course_funnel, FUNNEL_COUNTS))
    .where(within(course_funnel.c.cohort_day))
    .group_by(course_funnel.c.funnel)
)


def funnel_counts(connection: Connection, course_id: str, cohort_days: DayRange) -> dict[str, Row]:
    """Row of `course_funnel` over the cohort days by funnel."""
    rows = rows_of(connection, _FUNNEL_COUNTS, course_id=course_id, **ends_of(cohort_days))
    return {row["funnel"]: row for row in rows}


_FUNNEL_WINDOW = select(func.max(course_funnel.c.window_days)).where(course_funnel.c.course_id == COURSE)


def funnel_window(connection: Connection, course_id: str) -> int | None:
    """Days of the window by which the course's funnels were counted; None where nobody entered one."""
    return cast("int | None", connection.scalar(_FUNNEL_WINDOW, {"course_id": course_id}))
