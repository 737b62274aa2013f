"""One course over a range of days: overview, daily series, lessons with drop-off and time, quizzes."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from analytics_pipeline.admin.answers.base import Answer, EffectiveRange, Provenance
from analytics_pipeline.admin.answers.dropoff import BiggestDrop, LessonDropOff
from analytics_pipeline.admin.answers.rates import Rate, count, is_hidden, rate
from analytics_pipeline.admin.answers.times import LessonTime
from analytics_pipeline.days import DayRange


class Activity(Answer):
    """Events and orders; null where the group behind them is too small to be shown."""

    course_views: int | None
    """course_view events."""
    views: int | None
    """lesson_viewed events."""
    lesson_completions: int | None
    """lesson_completed events."""
    quiz_attempts: int | None
    """quiz_attempted events."""
    quiz_passes: int | None
    """quiz_passed events."""
    purchases: int | None
    """Orders purchased."""
    refunds: int | None
    """Orders refunded."""


ACTIVITY = tuple(Activity.model_fields)


class Day(Activity):
    """One site day. Its learners are persons on this day and must not be added up over days."""

    day: date
    """Site day."""
    provisional: bool
    """True where the day is not complete yet."""
    hidden: bool
    """True where too few learners were active to be shown."""
    learners: int | None
    """Learners with any event in the course."""
    enrolments: int | None
    """Learners who enrolled."""
    completions: int | None
    """Learners who completed the course."""


class Overview(Answer):
    """The key numbers."""

    learners: int | None
    """Learners whose first lesson activity lies in the cohort days."""
    enrolled: int | None
    """Learners whose first enrolment lies in the cohort days."""
    completion_so_far: Rate
    """Enrolled learners who completed within the window ÷ enrolled: a lower bound while windows are open."""
    completion_mature: Rate
    """The same, of those only whose window is over."""
    completion_open: int | None
    """Enrolled learners who have not completed and whose window is still open."""
    activity: Activity
    """What happened on the days of the range."""


class Lesson(LessonDropOff):
    """One lesson: who comes how far (by cohort days) and what happened in it (by days)."""

    lesson_title: str | None
    """Its title; null without a catalogue that gives one."""
    views: int | None
    """lesson_viewed events."""
    time: LessonTime
    """Time spent."""


class Quiz(Answer):
    """One quiz, by the day of the learner's first attempt."""

    quiz_id: str | None
    """Quiz; null where the lesson stands for its quiz."""
    lesson_idx: int | None
    """Lowest lesson in which it was seen."""
    attempters: int | None
    """Learners who attempted or passed it."""
    attempts: int | None
    """Their attempts."""
    first_attempt: Rate
    """Learners whose first attempt passed ÷ learners who attempted."""
    best_attempt: Rate
    """Learners who ever passed ÷ learners who attempted."""


class CourseAnswer(Answer):
    """One course."""

    course_id: str
    """Course."""
    course_title: str | None
    """Its title; null without a catalogue that gives one."""
    range: EffectiveRange
    """The days that the answer rests on."""
    provenance: Provenance
    """Where the numbers come from."""
    min_cell: int
    """Groups of fewer learners are hidden."""
    overview: Overview
    """The key numbers."""
    daily: list[Day]
    """Every day of the range, oldest first."""
    lessons: list[Lesson]
    """Every lesson with activity, in order."""
    biggest_drop: BiggestDrop | None
    """Where the largest share of learners stops; null where nobody is known to have stopped."""
    quizzes: list[Quiz]
    """Every quiz with an attempt, in lesson order."""


def daily_series(
    rows: Iterable[Mapping[str, Any]], days: DayRange | None, complete_through: date | None, min_cell: int
) -> list[Day]:
    """One answer per day of `days`: zeros where nothing happened, hidden where few learners were active."""
    by_day = {row["day"]: row for row in rows}
    counts = ("learners", "enrolments", "completions", *ACTIVITY)
    series = []
    for day in days or ():
        row = by_day.get(day, {})
        hidden = is_hidden(row.get("learners", 0), min_cell)
        series.append(
            Day(
                day=day,
                provisional=complete_through is None or day > complete_through,
                hidden=hidden,
                **{name: None if hidden else row.get(name, 0) for name in counts},
            )
        )
    return series


def activity(rows: Iterable[Mapping[str, Any]], min_cell: int) -> Activity:
    """Sums over days; hidden where even the learner-days together are too few to be shown."""
    totals = dict.fromkeys(("learners", *ACTIVITY), 0)
    for row in rows:
        for name in totals:
            totals[name] += row[name]
    learner_days = totals.pop("learners")
    return Activity(**{name: count(total, learner_days, min_cell) for name, total in totals.items()})


def quiz(row: Mapping[str, Any], min_cell: int) -> Quiz:
    """One quiz from sums of `quiz_cohort`."""
    attempters = row["attempters"]
    return Quiz(
        quiz_id=row["quiz_id"],
        lesson_idx=row["lesson_idx"],
        attempters=count(attempters, attempters, min_cell),
        attempts=count(row["attempts"], attempters, min_cell),
        first_attempt=rate(row["first_attempt_passers"], attempters, min_cell),
        best_attempt=rate(row["best_attempt_passers"], attempters, min_cell),
    )
