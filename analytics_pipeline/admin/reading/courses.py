"""The list of courses: those that need attention first."""

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, case, cast, func, select, tuple_
from sqlalchemy.sql.elements import ColumnElement

from analytics_pipeline.admin.answers.base import Answer, Provenance
from analytics_pipeline.admin.answers.rates import Rate, count, rate
from analytics_pipeline.admin.reading.cursors import decode_cursor, encode_cursor
from analytics_pipeline.admin.reading.provenance import provenance_of
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.database.tables import course_daily, course_funnel, lesson_cohort, signal


class CourseLine(Answer):
    """One course of the list; its numbers are over all days."""

    course_id: str
    """Course."""
    open_signals: int
    """Open signals about the course, its lessons and quizzes."""
    learners: int | None
    """Learners with any lesson activity."""
    enrolled: int | None
    """Learners who enrolled."""
    completion_mature: Rate
    """Enrolled learners who completed within the window, of those whose window is over."""
    first_day: date
    """First day with an event."""
    last_day: date
    """Last day with an event."""


class CoursesAnswer(Answer):
    """A page of the list of courses."""

    courses: list[CourseLine]
    """Most open signals first, then most learners, then by name."""
    next_cursor: str | None
    """Where the next page begins; null on the last page."""
    total: int
    """Courses that match the search."""
    provenance: Provenance
    """Where the numbers come from."""
    min_cell: int
    """Groups of fewer learners are hidden."""


def _total(column: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def _lines() -> Any:
    """Every course with its sums over all days, as a subquery."""
    days = (
        select(
            course_daily.c.course_id,
            func.min(course_daily.c.day).label("first_day"),
            func.max(course_daily.c.day).label("last_day"),
        )
        .group_by(course_daily.c.course_id)
        .subquery()
    )
    furthest = lesson_cohort.c.stopped + lesson_cohort.c.active + lesson_cohort.c.finished
    learners = (
        select(lesson_cohort.c.course_id, _total(furthest).label("learners"))
        .group_by(lesson_cohort.c.course_id)
        .subquery()
    )
    completion = (
        select(
            course_funnel.c.course_id,
            *(_total(course_funnel.c[name]).label(name) for name in ("entered", "mature", "mature_step_2")),
        )
        .where(course_funnel.c.funnel == "completion")
        .group_by(course_funnel.c.course_id)
        .subquery()
    )
    signals = (
        select(signal.c.course_id, func.count().label("open_signals"))
        .where(signal.c.resolved_at.is_(None))
        .group_by(signal.c.course_id)
        .subquery()
    )

    def zero(column: ColumnElement[Any]) -> ColumnElement[int]:
        return func.coalesce(column, 0).label(column.key)

    return (
        select(
            days,
            zero(signals.c.open_signals),
            zero(learners.c.learners),
            *(zero(completion.c[name]) for name in ("entered", "mature", "mature_step_2")),
        )
        .outerjoin(learners, learners.c.course_id == days.c.course_id)
        .outerjoin(completion, completion.c.course_id == days.c.course_id)
        .outerjoin(signals, signals.c.course_id == days.c.course_id)
        .subquery("lines")
    )


def read_courses(view: View, *, search: str, cursor: str | None, limit: int) -> CoursesAnswer:
    """The page of courses that begins at the cursor; WrongCursorError."""
    connection, rules = view.connection, view.rules
    lines = _lines()
    matches = view.allows(lines.c.course_id) & lines.c.course_id.icontains(search, autoescape=True)
    total = connection.scalar(select(func.count()).select_from(lines).where(matches)) or 0
    # A hidden number must not come to light through the order of the list or through its cursor.
    shown = case((lines.c.learners >= rules.min_cell, lines.c.learners), else_=0).label("shown")
    key = tuple_(-lines.c.open_signals, -shown, lines.c.course_id)
    page = select(lines, shown).where(matches).order_by(*key.clauses).limit(limit + 1)
    if cursor is not None:
        page = page.where(key > tuple_(*decode_cursor(cursor, int, int, str)))
    rows = connection.execute(page).all()
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        following = encode_cursor(-last.open_signals, -last.shown, last.course_id)
    return CoursesAnswer(
        courses=[_line(row, rules.min_cell) for row in rows[:limit]],
        next_cursor=following,
        total=total,
        provenance=provenance_of(view),
        min_cell=rules.min_cell,
    )


def _line(row: Any, min_cell: int) -> CourseLine:
    return CourseLine(
        course_id=row.course_id,
        open_signals=row.open_signals,
        learners=count(row.learners, row.learners, min_cell),
        enrolled=count(row.entered, row.entered, min_cell),
        completion_mature=rate(row.mature_step_2, row.mature, min_cell),
        first_day=row.first_day,
        last_day=row.last_day,
    )
