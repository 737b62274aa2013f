"""The rules: pandas functions over published tables, one finding per lesson, quiz or course.

A rule judges whatever has enough learners and says of each whether it fires and whether an open signal holds.
It fires where the whole 95 % interval lies beyond the threshold; an open signal holds until the rate itself
has fallen behind the threshold by the hysteresis. Frames in, findings out: a notebook can run them on
`SELECT * FROM analytics.lesson_cohort`.
"""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from analytics_pipeline.signals.interval import wilson

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


def high_drop_off_lesson(lesson_cohort: pd.DataFrame, limit: Limit) -> pd.DataFrame:
    """Lessons at which too large a share of the learners who came that far, and are not still at it, stopped.

    The last lesson is left out: to stop there without completing is a matter of course completion.
    """
    counts = ["stopped", "active", "finished"]
    lessons = lesson_cohort.groupby(["course_id", "lesson_idx"], as_index=False)[counts].sum()
    lessons = lessons.sort_values(["course_id", "lesson_idx"], ascending=[True, False])
    here = lessons["stopped"] + lessons["active"] + lessons["finished"]
    lessons["reach"] = here.groupby(lessons["course_id"]).cumsum()
    is_last = lessons.groupby("course_id").cumcount() == 0
    lessons["quiz_id"] = None
    lessons["numerator"] = lessons["stopped"]
    lessons["denominator"] = lessons["reach"] - lessons["active"]
    evidence = lessons[["reach", "stopped", "active"]]
    return _judge("high_drop_off_lesson", lessons[~is_last], limit, "above", evidence)


def low_quiz_pass_rate(quiz_cohort: pd.DataFrame, limit: Limit) -> pd.DataFrame:
    """Quizzes that too small a share of their learners passes at the first attempt.

    A named quiz is the same wherever it was seen, so that its lesson is evidence and not part of its name.
    """
    keys = ["course_id", "quiz_id", "lesson_idx"]
    counts = ["attempters", "first_attempt_passers", "best_attempt_passers"]
    quizzes = quiz_cohort.groupby(keys, as_index=False, dropna=False)[counts].sum()
    quizzes["numerator"] = quizzes["first_attempt_passers"]
    quizzes["denominator"] = quizzes["attempters"]
    evidence = quizzes[["best_attempt_passers"]].assign(seen_in_lesson=quizzes["lesson_idx"].astype("Int64"))
    quizzes["lesson_idx"] = quizzes["lesson_idx"].mask(quizzes["quiz_id"].notna())
    return _judge("low_quiz_pass_rate", quizzes, limit, "below", evidence)


def low_course_completion(course_funnel: pd.DataFrame, limit: Limit) -> pd.DataFrame:
    """Courses that too small a share of those enrolled completes, over enrolments whose window is over."""
    enrolled = course_funnel[course_funnel["funnel"] == "completion"]
    counts = ["mature", "mature_step_2", "open"]
    courses = enrolled.groupby("course_id", as_index=False)[counts].sum()
    courses["lesson_idx"], courses["quiz_id"] = None, None
    courses["numerator"] = courses["mature_step_2"]
    courses["denominator"] = courses["mature"]
    return _judge("low_course_completion", courses, limit, "below", courses[["open"]])


def high_refund_rate(course_refund: pd.DataFrame, limit: Limit) -> pd.DataFrame:
    """Courses of which too large a share of the orders older than the refund window was refunded.

    `approximate` says that the course sends no refunds and that orders without an enrolment stand for them.
    """
    counts = ["mature_orders", "mature_refunded_orders"]
    courses = course_refund.groupby(["course_id", "approximate"], as_index=False)[counts].sum()
    courses["lesson_idx"], courses["quiz_id"] = None, None
    courses["numerator"] = courses["mature_refunded_orders"]
    courses["denominator"] = courses["mature_orders"]
    return _judge("high_refund_rate", courses, limit, "above", courses[["approximate"]])


def _judge(
    rule: str, rates: pd.DataFrame, limit: Limit, worse: Literal["above", "below"], evidence: pd.DataFrame
) -> pd.DataFrame:
    """Judge each rate with enough learners; critical lies beyond half the way to the worst possible rate."""
    judged = rates[rates["denominator"] >= limit.min_learners].copy()
    judged["value"] = judged["numerator"] / judged["denominator"]
    judged["low"], judged["high"] = wilson(judged["numerator"], judged["denominator"])
    judged["rule"], judged["threshold"] = rule, limit.threshold
    judged["lesson_idx"] = judged["lesson_idx"].astype("Int64")
    if worse == "above":
        judged["fires"] = judged["low"] > limit.threshold
        judged["holds"] = judged["value"] >= limit.threshold - limit.hysteresis
        is_critical = judged["low"] > (limit.threshold + 1) / 2
    else:
        judged["fires"] = judged["high"] < limit.threshold
        judged["holds"] = judged["value"] <= limit.threshold + limit.hysteresis
        is_critical = judged["high"] < limit.threshold / 2
    judged["severity"] = is_critical.map({True: "critical", False: "warning"})
    return judged.reindex(columns=FINDING).join(evidence)
