"""What is read about one course: sums over its published rows, selected by day or by cohort day."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Executable,
    Table,
    Text,
    any_,
    case,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import ColumnElement

from analytics_pipeline.admin.answers.dropoff import LessonCounts
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.database.tables import (
    course_daily,
    course_funnel,
    event_day,
    lesson_cohort,
    lesson_daily,
    publication_failure,
    quiz_cohort,
    site_day,
)
from analytics_pipeline.days import DayRange

Sums = dict[str, Any]
"""One row by column name."""

LESSON_COUNTS = ("viewers", "completers", "stopped", "active", "finished")
LESSON_ACTIVITY = ("views", "viewers", "measured_learners", "active_ms_sum")
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
MOST_FAILURES = 100
EVENT_COUNTS = ("events", "anonymous", "excluded", "duplicates", "conflicts", "rejected")


def published_days(connection: Connection, course_id: str) -> DayRange | None:
    """First and last day of the course; None where it is unknown."""
    day = course_daily.c.day
    first, last = connection.execute(
        select(func.min(day), func.max(day)).where(course_daily.c.course_id == course_id)
    ).one()
    return None if first is None else DayRange(first, last)


def event_counts(connection: Connection, courses: Sequence[str], days: DayRange) -> Sums:
    """Sums of `event_day` for these courses over the days."""
    wanted = event_day.c.course_id == any_(literal(list(courses), ARRAY(Text)))
    on_days = event_day.c.day.between(days.first, days.last)
    return _rows(connection, select(*_sums(event_day, EVENT_COUNTS)).where(wanted, on_days))[0]


def site_event_counts(connection: Connection, days: DayRange) -> Sums:
    """The same for all courses together, and for what names none."""
    on_days = site_day.c.day.between(days.first, days.last)
    return _rows(connection, select(*_sums(site_day, EVENT_COUNTS)).where(on_days))[0]


def publication_failures(view: View, course_id: str | None, days: DayRange | None) -> list[Sums]:
    """What could not be published of the course (None: of any) and of the days, oldest day first."""
    failure = publication_failure.c
    selected = [or_(failure.course_id.is_(None), view.allows(failure.course_id))]
    if course_id is not None:
        selected.append(or_(failure.course_id.is_(None), failure.course_id == course_id))
    if days is not None:
        selected.append(or_(failure.day.is_(None), failure.day.between(days.first, days.last)))
    columns = (failure.day, failure.course_id, failure.message, failure.run_id, failure.failed_at)
    order = (failure.day, failure.course_id)
    return _rows(view.connection, select(*columns).where(*selected).order_by(*order).limit(MOST_FAILURES))


def daily_rows(connection: Connection, course_id: str, days: DayRange) -> list[Sums]:
    """The rows of `course_daily`, oldest first; days without any event have none."""
    day = course_daily.c.day
    return _rows(connection, select(course_daily).where(_within(day, course_id, days)).order_by(day))


def lesson_counts(connection: Connection, course_id: str, cohort_days: DayRange) -> list[LessonCounts]:
    """Sums of `lesson_cohort` over the cohort days, one a lesson."""
    lesson = lesson_cohort.c.lesson_idx
    rows = _rows(
        connection,
        select(lesson, *_sums(lesson_cohort, LESSON_COUNTS))
        .where(_within(lesson_cohort.c.cohort_day, course_id, cohort_days))
        .group_by(lesson),
    )
    return [LessonCounts(**row) for row in rows]


def lesson_activity(
    connection: Connection, course_id: str, days: DayRange, only: int | None = None
) -> dict[int, Sums]:
    """Sums of `lesson_daily` over the days by lesson, or of one lesson; persons are learner-days."""
    lesson = lesson_daily.c.lesson_idx
    rows = _rows(
        connection,
        select(lesson, *_sums(lesson_daily, LESSON_ACTIVITY))
        .where(_within(lesson_daily.c.day, course_id, days), _is_lesson(only))
        .group_by(lesson),
    )
    return {row["lesson_idx"]: row for row in rows}


def lesson_rows(connection: Connection, course_id: str, lesson_idx: int, days: DayRange) -> list[Sums]:
    """The rows of `lesson_daily` of one lesson, oldest first."""
    day = lesson_daily.c.day
    wanted = _within(day, course_id, days) & (lesson_daily.c.lesson_idx == lesson_idx)
    return _rows(connection, select(lesson_daily).where(wanted).order_by(day))


def has_lesson(connection: Connection, course_id: str, lesson_idx: int) -> bool:
    """Whether anything was ever published about the lesson."""
    return any(
        connection.execute(
            select(table.c.lesson_idx)
            .where(table.c.course_id == course_id, table.c.lesson_idx == lesson_idx)
            .limit(1)
        ).first()
        for table in (lesson_daily, lesson_cohort)
    )


def lesson_histograms(
    connection: Connection, course_id: str, days: DayRange, only: int | None = None
) -> dict[int, dict[str, int]]:
    """Learner-days per bucket of time spent, by lesson, or of one lesson, summed over the days."""
    entry = func.jsonb_each_text(lesson_daily.c.active_ms_hist).table_valued("key", "value").lateral()
    learners = func.sum(entry.c.value.cast(BigInteger)).cast(BigInteger)
    rows = connection.execute(
        select(lesson_daily.c.lesson_idx, entry.c.key, learners)
        .select_from(lesson_daily.join(entry, literal(value=True)))
        .where(_within(lesson_daily.c.day, course_id, days), _is_lesson(only))
        .group_by(lesson_daily.c.lesson_idx, entry.c.key)
    )
    histograms: dict[int, dict[str, int]] = {}
    for lesson_idx, bucket, count in rows:
        histograms.setdefault(lesson_idx, {})[bucket] = count
    return histograms


def quiz_counts(connection: Connection, course_id: str, cohort_days: DayRange) -> list[Sums]:
    """Sums of `quiz_cohort` over the cohort days, one a quiz, in lesson order."""
    quiz = quiz_cohort.c.quiz_id
    own_lesson = case((quiz.is_(None), quiz_cohort.c.lesson_idx))
    lesson = func.min(quiz_cohort.c.lesson_idx).label("lesson_idx")
    return _rows(
        connection,
        select(quiz, lesson, *_sums(quiz_cohort, QUIZ_COUNTS))
        .where(_within(quiz_cohort.c.cohort_day, course_id, cohort_days))
        .group_by(quiz, own_lesson)
        .order_by(lesson.nulls_last(), quiz.nulls_first()),
    )


def funnel_counts(connection: Connection, course_id: str, cohort_days: DayRange) -> dict[str, Sums]:
    """Sums of `course_funnel` over the cohort days by funnel."""
    rows = _rows(
        connection,
        select(course_funnel.c.funnel, *_sums(course_funnel, FUNNEL_COUNTS))
        .where(_within(course_funnel.c.cohort_day, course_id, cohort_days))
        .group_by(course_funnel.c.funnel),
    )
    return {row["funnel"]: row for row in rows}


def funnel_window(connection: Connection, course_id: str) -> int | None:
    """Days of the window by which the course's funnels were counted; None where nobody entered one."""
    window = func.max(course_funnel.c.window_days)
    return cast("int | None", connection.scalar(select(window).where(course_funnel.c.course_id == course_id)))


def _rows(connection: Connection, query: Executable) -> list[Sums]:
    return [dict(row) for row in connection.execute(query).mappings()]


def _sums(table: Table, names: tuple[str, ...]) -> list[ColumnElement[int]]:
    return [func.coalesce(func.sum(table.c[name]), 0).cast(BigInteger).label(name) for name in names]


def _within(day: Column[Any], course_id: str, days: DayRange) -> ColumnElement[bool]:
    return (day.table.c.course_id == course_id) & day.between(days.first, days.last)


def _is_lesson(only: int | None) -> ColumnElement[bool]:
    return true() if only is None else lesson_daily.c.lesson_idx == only
