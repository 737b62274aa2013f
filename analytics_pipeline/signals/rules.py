"""The rules about rates of learners: pandas functions over published tables, one finding per subject.

A rule judges whatever has enough learners in its window and says of each whether it fires and whether an open
signal holds. It fires where the whole 99 % interval lies beyond the threshold. The evidence gives the 95 %
interval that stands beside every rate; to open, a rule asks for more, since it looks at nearly the same
learners every night: a rate that lies exactly at its threshold was seen to raise up to six signals in a
hundred months with the 95 % interval, and up to three with this one. An open signal holds until the rate
itself has fallen behind the threshold by the hysteresis. Frames in, findings out: a notebook can run a rule
on `SELECT * FROM analytics.lesson_cohort`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics_pipeline.signals.interval import Z_99, wilson_of_each
from analytics_pipeline.signals.window import Numbers, Window, may_count, sum_latest

SUBJECT = ["rule", "course_id", "lesson_idx", "quiz_id"]
"""What identifies the life of a signal; lesson and quiz are null where the finding is not about one."""

FINDING = [
    *SUBJECT,
    "numerator",
    "denominator",
    "value",
    "low",
    "high",
    "threshold",
    "fires",
    "holds",
    "severity",
]
"""The columns of findings, before those that a rule adds as evidence."""


@dataclass(frozen=True)
class Limit:
    """When a rate calls for attention: beyond `threshold`, over at least `min_learners`."""

    threshold: float
    hysteresis: float
    min_learners: int


def high_drop_off_lesson(lesson_cohort: pd.DataFrame, limit: Limit, window: Window) -> pd.DataFrame:
    """Lessons at which too large a share of the learners who came that far, and are not still at it, stopped.

    The last lesson is left out: to stop there without completing is a matter of course completion.
    """
    lessons = _with_reach(lesson_cohort, window)
    lessons["denominator"] = lessons["reach"] - lessons["active"]
    counts = ["stopped", "active", "reach", "denominator"]
    summed = sum_latest(lessons, ["course_id", "lesson_idx"], counts, "denominator", window)
    summed["quiz_id"] = None
    summed["numerator"] = summed["stopped"]
    return _judge("high_drop_off_lesson", summed, limit, "above", ["reach", "stopped", "active"])


def low_quiz_pass_rate(quiz_cohort: pd.DataFrame, limit: Limit, window: Window) -> pd.DataFrame:
    """Quizzes that too small a share of their learners passes at the first attempt.

    A named quiz is the same wherever it was seen, so that its lesson is evidence and not part of its name.
    """
    keys = ["course_id", "quiz_id", "lesson_idx"]
    counts = ["attempters", "first_attempt_passers", "best_attempt_passers"]
    quizzes = sum_latest(quiz_cohort, keys, counts, "attempters", window)
    quizzes["numerator"] = quizzes["first_attempt_passers"]
    quizzes["denominator"] = quizzes["attempters"]
    quizzes["seen_in_lesson"] = quizzes["lesson_idx"].astype("Int64")
    quizzes["lesson_idx"] = quizzes["lesson_idx"].mask(quizzes["quiz_id"].notna())
    return _judge("low_quiz_pass_rate", quizzes, limit, "below", ["best_attempt_passers", "seen_in_lesson"])


def low_course_completion(course_funnel: pd.DataFrame, limit: Limit, window: Window) -> pd.DataFrame:
    """Courses that too small a share of those enrolled completes, over enrolments whose window is over."""
    enrolled = course_funnel[course_funnel["funnel"] == "completion"]
    courses = sum_latest(enrolled, ["course_id"], ["mature", "mature_step_2"], "mature", window)
    courses["lesson_idx"], courses["quiz_id"] = None, None
    courses["numerator"] = courses["mature_step_2"]
    courses["denominator"] = courses["mature"]
    return _judge("low_course_completion", courses, limit, "below", [])


def high_refund_rate(course_refund: pd.DataFrame, limit: Limit, window: Window) -> pd.DataFrame:
    """Courses of which too large a share of the orders older than the refund window was refunded.

    `approximate` says that the course sends no refunds and that orders without an enrolment stand for them.
    """
    counts = ["mature_orders", "mature_refunded_orders"]
    courses = sum_latest(course_refund, ["course_id", "approximate"], counts, "mature_orders", window)
    courses["lesson_idx"], courses["quiz_id"] = None, None
    courses["numerator"] = courses["mature_refunded_orders"]
    courses["denominator"] = courses["mature_orders"]
    return _judge("high_refund_rate", courses, limit, "above", ["approximate"])


def _with_reach(lesson_cohort: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Every lesson of a course but the last, on each of its cohort days that may count, with its reach.

    A lesson that nobody of a cohort day was in has no row of its own, but whoever went further reached it.
    """
    if lesson_cohort.empty:
        return lesson_cohort.assign(reach=0)
    day = pd.to_datetime(lesson_cohort["cohort_day"]).to_numpy()
    is_held = may_count(window.age(lesson_cohort["cohort_day"]))
    lesson = lesson_cohort["lesson_idx"].to_numpy("int64")
    counts = lesson_cohort[["stopped", "active", "finished"]].to_numpy("int64")
    courses = {
        course_id: _reach_in_course(day[rows], lesson[rows], counts[rows], is_held[rows])
        for course_id, rows in lesson_cohort.groupby("course_id").indices.items()
    }
    return pd.concat(courses, names=["course_id", None]).reset_index("course_id")


def _reach_in_course(
    day: NDArray[np.datetime64], lesson: Numbers, counts: Numbers, is_held: NDArray[np.bool]
) -> pd.DataFrame:
    lessons, lesson_at = np.unique(lesson, return_inverse=True)
    days, day_at = np.unique(day[is_held], return_inverse=True)
    whole = np.zeros((len(days), len(lessons), counts.shape[1]), dtype="int64")
    np.add.at(whole, (day_at, lesson_at[is_held]), counts[is_held])
    reach = whole.sum(axis=2)[:, ::-1].cumsum(axis=1)[:, ::-1]
    return pd.DataFrame(
        {
            "lesson_idx": np.tile(lessons[:-1], len(days)),
            "cohort_day": np.repeat(days, len(lessons) - 1),
            "stopped": whole[:, :-1, 0].ravel(),
            "active": whole[:, :-1, 1].ravel(),
            "reach": reach[:, :-1].ravel(),
        }
    )


def _judge(
    rule: str, rates: pd.DataFrame, limit: Limit, worse: Literal["above", "below"], evidence: Sequence[str]
) -> pd.DataFrame:
    """Judge each rate with enough learners; critical lies beyond half the way to the worst possible rate."""
    judged = rates[rates["denominator"] >= limit.min_learners].copy()
    counts = judged["numerator"].to_numpy("int64"), judged["denominator"].to_numpy("int64")
    value = counts[0] / counts[1]
    low, high = wilson_of_each(*counts)
    surely_above, surely_below = wilson_of_each(*counts, Z_99)
    if worse == "above":
        fires, holds = surely_above > limit.threshold, value >= limit.threshold - limit.hysteresis
        is_critical = low > (limit.threshold + 1) / 2
    else:
        fires, holds = surely_below < limit.threshold, value <= limit.threshold + limit.hysteresis
        is_critical = high < limit.threshold / 2
    judged = judged.assign(
        rule=rule,
        lesson_idx=judged["lesson_idx"].astype("Int64"),
        value=value,
        low=low,
        high=high,
        threshold=limit.threshold,
        fires=fires,
        holds=holds,
        severity=np.where(is_critical, "critical", "warning"),
    )
    return judged.reindex(columns=[*FINDING, *evidence, "cohorts_from", "cohorts_to"])
