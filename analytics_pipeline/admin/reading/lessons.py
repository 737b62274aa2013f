"""What is read about the lessons of a course: where learners are by cohort day, what happened by site day."""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Select,
    Table,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.sql.elements import ColumnElement

from analytics_pipeline.admin.answers.dropoff import LessonCounts
from analytics_pipeline.admin.reading.course_sums import EMPTY
from analytics_pipeline.admin.reading.queries import COURSE, ends_of, on_days, sums, within
from analytics_pipeline.admin.reading.view import Row, rows_of
from analytics_pipeline.database.tables import lesson_cohort, lesson_daily, lesson_week
from analytics_pipeline.days import DayRange

COHORT_COUNTS = ("viewers", "completers", "stopped", "active", "finished")
ACTIVITY = ("views", "viewers", "measured_learners", "active_ms_sum")

_COUNTS = (
    select(lesson_cohort.c.lesson_idx, *sums(lesson_cohort, COHORT_COUNTS))
    .where(within(lesson_cohort.c.cohort_day))
    .group_by(lesson_cohort.c.lesson_idx)
)


def lesson_counts(connection: Connection, course_id: str, cohort_days: DayRange) -> list[LessonCounts]:
    """Row of `lesson_cohort` over the cohort days, one a lesson."""
    rows = rows_of(connection, _COUNTS, course_id=course_id, **ends_of(cohort_days))
    return [LessonCounts(**row) for row in rows]


_LESSON: ColumnElement[int] = bindparam("lesson_idx", type_=Integer)
_DAY = lesson_daily.c.day
_ROW = (
    *("day", "views", "viewers", "completers", "quiz_attempts", "quiz_attempters", "quiz_passers"),
    *("measured_learners", "active_ms_median", "active_ms_p90", "views_by_hour"),
)
_ROWS = (
    select(*(lesson_daily.c[name] for name in _ROW))
    .where(within(_DAY), lesson_daily.c.lesson_idx == _LESSON)
    .order_by(_DAY)
)
_KNOWN = select(
    or_(
        *(
            exists().where(table.c.course_id == COURSE, table.c.lesson_idx == _LESSON)
            for table in (lesson_daily, lesson_cohort)
        )
    )
)


def lesson_rows(connection: Connection, course_id: str, lesson_idx: int, days: DayRange) -> list[Row]:
    """The rows of `lesson_daily` of one lesson, oldest first."""
    return rows_of(connection, _ROWS, course_id=course_id, lesson_idx=lesson_idx, **ends_of(days))


def has_lesson(connection: Connection, course_id: str, lesson_idx: int) -> bool:
    """Whether anything was ever published about the lesson."""
    return bool(connection.scalar(_KNOWN, {"course_id": course_id, "lesson_idx": lesson_idx}))


@dataclass(frozen=True)
class Parts:
    """Days as the whole weeks within them, and the days before and after these; an empty part ends early."""

    head_first: date
    head_last: date
    first_week: date
    last_week: date
    tail_first: date
    tail_last: date


def parts_of(days: DayRange) -> Parts:
    """The parts of `days`; every day lies in exactly one of them."""
    week = timedelta(days=7)
    monday = days.first + timedelta(days=-days.first.weekday() % 7)
    behind = days.last + timedelta(days=1)
    after = max(monday, behind - timedelta(days=behind.weekday()))
    return Parts(
        days.first, min(monday - timedelta(days=1), days.last), monday, after - week, after, days.last
    )


def _activity(*keys: str) -> Select[Any]:
    """Sums over weeks and days; those of the histograms are taken bucket by bucket."""
    columns = ("lesson_idx", *ACTIVITY, "active_ms_hist")
    odd_days = or_(on_days(_DAY, "head_first", "head_last"), on_days(_DAY, "tail_first", "tail_last"))
    weeks = on_days(lesson_week.c.week, "first_week", "last_week")

    def part(table: Table, days: ColumnElement[bool]) -> Select[Any]:
        of_lesson = [table.c[name] == bindparam(name) for name in keys]
        return select(*(table.c[name] for name in columns)).where(
            table.c.course_id == COURSE, days, *of_lesson
        )

    parts = union_all(part(lesson_week, weeks), part(lesson_daily, odd_days)).cte("parts")
    counted = select(parts.c.lesson_idx, *sums(parts, ACTIVITY)).group_by(parts.c.lesson_idx).subquery()
    entry = func.jsonb_each_text(parts.c.active_ms_hist).table_valued("key", "value").lateral()
    learners = func.sum(entry.c.value.cast(BigInteger)).label("learners")
    buckets = (
        select(parts.c.lesson_idx, entry.c.key, learners)
        .select_from(parts.join(entry, literal(value=True)))
        .group_by(parts.c.lesson_idx, entry.c.key)
        .subquery()
    )
    histogram = func.jsonb_object_agg(buckets.c.key, buckets.c.learners).label("active_ms_hist")
    histograms = select(buckets.c.lesson_idx, histogram).group_by(buckets.c.lesson_idx).subquery()
    return select(
        counted, func.coalesce(histograms.c.active_ms_hist, EMPTY).label("active_ms_hist")
    ).outerjoin(histograms, histograms.c.lesson_idx == counted.c.lesson_idx)


_ACTIVITY = _activity()
_ACTIVITY_OF_ONE = _activity("lesson_idx")


def lesson_activity(
    connection: Connection, course_id: str, days: DayRange, only: int | None = None
) -> dict[int, Row]:
    """Sums of `lesson_daily` over the days by lesson, or of one lesson; persons are learner-days."""
    query = _ACTIVITY if only is None else _ACTIVITY_OF_ONE
    rows = rows_of(connection, query, course_id=course_id, lesson_idx=only, **asdict(parts_of(days)))
    return {row["lesson_idx"]: row for row in rows}
