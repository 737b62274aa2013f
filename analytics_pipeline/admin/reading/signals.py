"""Signals as they are answered: open and resolved ones, each with its evidence and a sentence."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, Literal

from sqlalchemy import BigInteger, Date, Integer, Select, Text, bindparam, case, func, literal, select, tuple_
from sqlalchemy.sql.elements import ColumnElement

from analytics_pipeline.admin.answers.base import Answer, Provenance
from analytics_pipeline.admin.answers.ranges import ALL_DAYS, EVER, Asked
from analytics_pipeline.admin.reading.cursors import decode_cursor, encode_cursor
from analytics_pipeline.admin.reading.provenance import provenance_of
from analytics_pipeline.admin.reading.view import View, allowed
from analytics_pipeline.admin.words import signal_sentence
from analytics_pipeline.database.tables import course, course_lesson, signal

SignalStatus = Literal["open", "resolved", "all"]

KEY = ("rank", "age", "id")
"""What signals are sorted by."""


class SignalLine(Answer):
    """One finding, from the day it opened to the day it resolved."""

    rule: str
    """The rule that fired."""
    course_id: str
    """Course."""
    course_title: str | None
    """Its title; null without a catalogue that gives one."""
    lesson_idx: int | None
    """Lesson; null where the finding is about the course or a quiz."""
    lesson_title: str | None
    """Its title; null without a catalogue that gives one."""
    quiz_id: str | None
    """Quiz; null where the finding is not about a named quiz."""
    opened_at: date
    """As-of day on which it fired first."""
    last_seen_at: date
    """Latest as-of day on which it held."""
    resolved_at: date | None
    """As-of day on which it ceased to hold; null while open."""
    severity: str
    """warning or critical."""
    value: float
    """The rate that was found."""
    threshold: float
    """The rate at which the rule fires."""
    evidence: dict[str, Any]
    """Counts and interval from which it can be checked by hand."""
    summary: str
    """The finding as a sentence."""
    run_id: str
    """The run that evaluated it last."""


class SignalsAnswer(Answer):
    """A page of signals."""

    signals: list[SignalLine]
    """Critical ones first, then the newest."""
    next_cursor: str | None
    """Where the next page begins; null on the last page."""
    provenance: Provenance
    """Where the numbers come from."""


def read_signals(
    view: View,
    asked: Asked = ALL_DAYS,
    *,
    status: SignalStatus = "open",
    course_id: str | None = None,
    rule: str | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> SignalsAnswer:
    """Signals whose life touches the days asked for; WrongCursorError, ForbiddenCourseError."""
    if course_id is not None:
        view.check(course_id)
    provenance = provenance_of(view)
    days = asked.within(EVER, provenance.complete_through)
    page = _page(
        status,
        is_restricted=view.is_restricted,
        of_course=course_id is not None,
        of_rule=rule is not None,
        within_days=days is not None and days != EVER,
        continues=cursor is not None,
    )
    values: dict[str, object] = {"course_id": course_id, "rule": rule, "limit": limit + 1}
    if days is not None:
        values |= {"first": days.first, "last": days.last}
    if cursor is not None:
        values |= zip(KEY, decode_cursor(cursor, int, int, int), strict=True)
    rows = view.rows(page, values)
    following = encode_cursor(*(rows[limit - 1][name] for name in KEY)) if len(rows) > limit else None
    return SignalsAnswer(
        signals=[_line(row) for row in rows[:limit]],
        next_cursor=following,
        provenance=provenance,
    )


@cache
def _page(
    status: SignalStatus,
    *,
    is_restricted: bool,
    of_course: bool,
    of_rule: bool,
    within_days: bool,
    continues: bool,
) -> Select[Any]:
    """Signals with their titles, critical ones first, then the newest."""
    kept = signal.c
    wanted = [allowed(kept.course_id, is_restricted=is_restricted)]
    if status != "all":
        wanted.append(kept.resolved_at.is_(None) if status == "open" else kept.resolved_at.is_not(None))
    if of_course:
        wanted.append(kept.course_id == bindparam("course_id", type_=Text))
    if of_rule:
        wanted.append(kept.rule == bindparam("rule", type_=Text))
    if within_days:
        wanted += [
            kept.opened_at <= bindparam("last", type_=Date),
            func.coalesce(kept.resolved_at, date.max) >= bindparam("first", type_=Date),
        ]
    rank = case((kept.severity == "critical", 0), else_=1).label("rank")
    age = (literal(date.max, Date) - kept.opened_at).cast(Integer).label("age")
    key = tuple_(rank, age, kept.id)
    if continues:
        wanted.append(key > tuple_(*(bindparam(name, type_=BigInteger) for name in KEY)))
    titled = (
        (course, course.c.course_id == kept.course_id),
        (
            course_lesson,
            (course_lesson.c.course_id == kept.course_id) & (course_lesson.c.lesson_idx == kept.lesson_idx),
        ),
    )
    page = select(signal, course.c.title.label("course_title"), course_lesson.c.title.label("lesson_title"))
    for table, condition in titled:
        page = page.outerjoin(table, condition)
    limit: ColumnElement[int] = bindparam("limit", type_=Integer)
    return page.add_columns(rank, age).where(*wanted).order_by(*key.clauses).limit(limit)


def _line(row: Mapping[str, Any]) -> SignalLine:
    fields = {name: row[name] for name in SignalLine.model_fields if name != "summary"}
    return SignalLine(**fields, summary=signal_sentence(row))
