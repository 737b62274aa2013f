"""How far learners have come on average, and how many have finished: two numbers that belong side by side."""

from collections.abc import Sequence
from typing import Literal

from analytics_pipeline.admin.answers.base import Answer
from analytics_pipeline.admin.answers.dropoff import LessonCounts
from analytics_pipeline.admin.answers.rates import Rate, count, is_hidden, rate

Basis = Literal["required lessons", "seen lessons"]


class Progress(Answer):
    """Progress of the learners of some cohort days; null where there are none, or too few to be shown."""

    average: float | None
    """Mean over learners of the share of the lessons that they have completed, from 0 to 1."""
    basis: Basis
    """`required lessons`: those that the catalogue requires, of enrolled learners. `seen lessons`: all with
    activity, of learners who began one, as the catalogue does not know the course."""
    learners: int | None
    """Learners of whom the mean is taken."""
    finished: Rate
    """Learners who began a lesson and have completed the course ÷ learners who began one."""
    hidden: bool
    """True where too few learners are in the mean to be shown."""


def progress(
    lessons: Sequence[LessonCounts], *, enrolled: int, progress_sum: float | None, min_cell: int
) -> Progress:
    """From sums of `lesson_cohort`, and of `course_funnel` where the catalogue knows the course."""
    began = sum(lesson.stopped + lesson.active + lesson.finished for lesson in lessons)
    finished = rate(sum(lesson.finished for lesson in lessons), began, min_cell)
    if progress_sum is not None:
        return _progress(progress_sum, enrolled, "required lessons", finished, min_cell)
    completed = sum(lesson.completers for lesson in lessons)
    return _progress(completed / max(len(lessons), 1), began, "seen lessons", finished, min_cell)


def _progress(total: float, learners: int, basis: Basis, finished: Rate, min_cell: int) -> Progress:
    return Progress(
        average=None if learners < max(min_cell, 1) else total / learners,
        basis=basis,
        learners=count(learners, learners, min_cell),
        finished=finished,
        hidden=is_hidden(learners, min_cell),
    )
