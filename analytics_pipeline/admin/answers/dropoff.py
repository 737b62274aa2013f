"""Where learners stop: reach and drop per lesson from summed cohort counts, and the biggest drop."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from analytics_pipeline.admin.answers.base import Answer
from analytics_pipeline.admin.answers.rates import Rate, count, rate


@dataclass(frozen=True)
class LessonCounts:
    """Sums of `lesson_cohort` over a range of cohort days, for one lesson."""

    lesson_idx: int
    viewers: int
    completers: int
    stopped: int
    active: int
    finished: int


class LessonDropOff(Answer):
    """How far learners come and where they stop; counts are null where the group is too small to be shown."""

    lesson_idx: int
    """Lesson, counted from 0."""
    reach: int | None
    """Learners whose furthest lesson is this one or a later one."""
    viewers: int | None
    """Learners with any activity in the lesson."""
    stopped: int | None
    """Learners whose furthest lesson this is, who did not finish the course and went quiet."""
    active: int | None
    """Learners whose furthest lesson this is and who are still active."""
    finished: int | None
    """Learners whose furthest lesson this is and who finished the course."""
    drop: Rate
    """Stopped ÷ (reach - active)."""
    completion: Rate
    """Learners who completed the lesson ÷ viewers."""


Certainty = Literal["certain", "uncertain", "alone"]


class BiggestDrop(Answer):
    """The lesson that loses the largest share of learners, judged by the low end of its interval."""

    lesson_idx: int
    """Lesson, counted from 0."""
    drop: Rate
    """Its drop."""
    certainty: Certainty
    """`certain`: even the low end lies above the interval of every other lesson. `uncertain`: the rival may
    lose as many. `alone`: there is no other lesson to compare with."""
    rival_idx: int | None
    """The lesson whose interval reaches highest among the others, where the finding is uncertain."""


def drop_off(lessons: Iterable[LessonCounts], min_cell: int) -> list[LessonDropOff]:
    """Reach and drop of each lesson, in lesson order.

    Every learner of a cohort has exactly one furthest lesson, so reach is the sum of stopped, active and
    finished over this lesson and all later ones: it can only fall.
    """
    answers: list[LessonDropOff] = []
    reach = 0
    for lesson in sorted(lessons, key=lambda one: one.lesson_idx, reverse=True):
        reach += lesson.stopped + lesson.active + lesson.finished
        answers.append(
            LessonDropOff(
                lesson_idx=lesson.lesson_idx,
                reach=count(reach, reach, min_cell),
                viewers=count(lesson.viewers, lesson.viewers, min_cell),
                stopped=count(lesson.stopped, reach, min_cell),
                active=count(lesson.active, reach, min_cell),
                finished=count(lesson.finished, reach, min_cell),
                drop=rate(lesson.stopped, reach - lesson.active, min_cell),
                completion=rate(lesson.completers, lesson.viewers, min_cell),
            )
        )
    return answers[::-1]


def biggest_drop(lessons: Sequence[LessonDropOff]) -> BiggestDrop | None:
    """The lesson with the biggest drop among those that are shown; None where nobody is known to stop.

    The last lesson is left out: to stop there without completing is a matter of course completion.
    """
    candidates = [lesson for lesson in lessons[:-1] if lesson.drop.value is not None]
    if not any(lesson.drop.value for lesson in candidates):
        return None
    worst, *others = sorted(candidates, key=lambda one: (-(one.drop.low or 0.0), one.lesson_idx))
    rival = max(others, key=lambda one: one.drop.high or 0.0, default=None)
    certainty: Certainty = "alone"
    if rival is not None:
        certainty = "certain" if (worst.drop.low or 0.0) > (rival.drop.high or 0.0) else "uncertain"
    return BiggestDrop(
        lesson_idx=worst.lesson_idx,
        drop=worst.drop,
        certainty=certainty,
        rival_idx=rival.lesson_idx if rival is not None and certainty == "uncertain" else None,
    )
