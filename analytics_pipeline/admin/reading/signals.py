"""Signals as they are answered: open and resolved ones, each with its evidence and a sentence."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from sqlalchemy import Date, Integer, case, func, literal, select, tuple_

from analytics_pipeline.admin.answers.base import Answer, Provenance
from analytics_pipeline.admin.answers.ranges import ALL_DAYS, EVER, Asked
from analytics_pipeline.admin.reading.cursors import decode_cursor, encode_cursor
from analytics_pipeline.admin.reading.provenance import provenance_of
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.admin.words import signal_sentence
from analytics_pipeline.database.tables import course, course_lesson, signal

SignalStatus = Literal["open", "resolved", "all"]


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
    wanted = [view.allows(signal.c.course_id)]
    if status != "all":
        wanted.append(
            signal.c.resolved_at.is_(None) if status == "open" else signal.c.resolved_at.is_not(None)
        )
    if course_id is not None:
        wanted.append(signal.c.course_id == course_id)
    if rule is not None:
        wanted.append(signal.c.rule == rule)
    days = asked.within(EVER, provenance.complete_through)
    if days is not None:
        wanted += [
            signal.c.opened_at <= days.last,
            func.coalesce(signal.c.resolved_at, date.max) >= days.first,
        ]
    rank = case((signal.c.severity == "critical", 0), else_=1).label("rank")
    age = (literal(date.max, Date) - signal.c.opened_at).cast(Integer).label("age")
    key = tuple_(rank, age, signal.c.id)
    page = (
        select(signal, course.c.title.label("course_title"), course_lesson.c.title.label("lesson_title"))
        .add_columns(rank, age)
        .outerjoin(course, course.c.course_id == signal.c.course_id)
        .outerjoin(
            course_lesson,
            (course_lesson.c.course_id == signal.c.course_id)
            & (course_lesson.c.lesson_idx == signal.c.lesson_idx),
        )
        .where(*wanted)
        .order_by(*key.clauses)
        .limit(limit + 1)
    )
    if cursor is not None:
        page = page.where(key > tuple_(*decode_cursor(cursor, int, int, int)))
    rows = view.connection.execute(page).mappings().all()
    following = None
    if len(rows) > limit:
        following = encode_cursor(*(rows[limit - 1][name] for name in ("rank", "age", "id")))
    return SignalsAnswer(
        signals=[_line(dict(row)) for row in rows[:limit]],
        next_cursor=following,
        provenance=provenance,
    )


def _line(row: Mapping[str, Any]) -> SignalLine:
    fields = {name: row[name] for name in SignalLine.model_fields if name != "summary"}
    return SignalLine(**fields, summary=signal_sentence(row))
