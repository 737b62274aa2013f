"""One lesson of a course over a range of days: the drill-down behind a row of the course's answer."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from analytics_pipeline.admin.answers.base import Answer, EffectiveRange, Provenance
from analytics_pipeline.admin.answers.course import Lesson, Quiz
from analytics_pipeline.admin.answers.rates import is_hidden
from analytics_pipeline.days import DayRange


class LessonCounts(Answer):
    """What `lesson_daily` counts of a day; null where too few learners were active to be shown."""

    views: int | None
    """lesson_viewed events."""
    viewers: int | None
    """Learners with any activity in the lesson."""
    completers: int | None
    """Learners who completed it."""
    quiz_attempts: int | None
    """quiz_attempted events of the lesson."""
    quiz_attempters: int | None
    """Learners who attempted or passed a quiz of the lesson."""
    quiz_passers: int | None
    """Learners who passed one."""


_COUNTED = tuple(LessonCounts.model_fields)


class LessonDay(LessonCounts):
    """One site day. Its learners are persons on this day and must not be added up over days."""

    day: date
    """Site day."""
    provisional: bool
    """True where the day is not complete yet."""
    hidden: bool
    """True where too few learners were active in the lesson to be shown."""
    median_ms: int | None
    """Median time of the measured learners, exact; null where none or too few were measured."""
    p90_ms: int | None
    """Their 90th percentile, exact."""


class LessonAnswer(Answer):
    """One lesson."""

    course_id: str
    """Course."""
    course_title: str | None
    """Its title; null without a catalogue that gives one."""
    lesson_idx: int
    """Lesson, counted from 0."""
    lesson_title: str | None
    """Its title; null without a catalogue that gives one."""
    range: EffectiveRange
    """The days that the answer rests on."""
    provenance: Provenance
    """Where the numbers come from."""
    min_cell: int
    """Groups of fewer learners are hidden."""
    lesson: Lesson
    """Reach, drop, completion and time, as in the answer about the course."""
    daily: list[LessonDay]
    """Every day of the range, oldest first."""
    views_by_hour: list[int] | None
    """Views per hour since the site's day began, 25 as a day may last that long; null if hidden."""
    quizzes: list[Quiz]
    """The quizzes that were first seen in this lesson."""


def lesson_days(
    rows: Iterable[Mapping[str, Any]], days: DayRange | None, complete_through: date | None, min_cell: int
) -> list[LessonDay]:
    """One answer per day of `days`: zeros where nothing happened, hidden where few learners were active."""
    by_day = {row["day"]: row for row in rows}
    series = []
    for day in days or ():
        row = by_day.get(day, {})
        hidden = is_hidden(row.get("viewers", 0), min_cell)
        is_measured = row.get("measured_learners", 0) >= min_cell
        series.append(
            LessonDay(
                day=day,
                provisional=complete_through is None or day > complete_through,
                hidden=hidden,
                median_ms=row["active_ms_median"] if is_measured else None,
                p90_ms=row["active_ms_p90"] if is_measured else None,
                **{name: None if hidden else row.get(name, 0) for name in _COUNTED},
            )
        )
    return series


def views_by_hour(rows: Iterable[Mapping[str, Any]], min_cell: int) -> list[int] | None:
    """Views per hour over all rows; None where even the learner-days together are too few to be shown."""
    totals = [0] * 25
    learner_days = 0
    for row in rows:
        learner_days += row["viewers"]
        totals = [total + views for total, views in zip(totals, row["views_by_hour"], strict=True)]
    return None if is_hidden(learner_days, min_cell) else totals
