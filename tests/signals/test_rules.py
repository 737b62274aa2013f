"""Each rule, on tables small enough to check by hand."""

from math import sqrt
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.settings import Settings
from analytics_pipeline.signals.findings import find, findings_of
from analytics_pipeline.signals.interval import wilson
from analytics_pipeline.signals.life import Finding, Subject
from analytics_pipeline.signals.rules import (
    Limit,
    high_drop_off_lesson,
    high_refund_rate,
    low_course_completion,
    low_quiz_pass_rate,
)

DROP_OFF = Limit(threshold=0.3, hysteresis=0.05, min_learners=30)
PASS_RATE = Limit(threshold=0.5, hysteresis=0.05, min_learners=30)
COMPLETION = Limit(threshold=0.2, hysteresis=0.05, min_learners=30)

FUNNEL = {"funnel": "completion", "course_id": "c1", "mature_step_2": 0, "mature": 0, "open": 0}
REFUND = {"course_id": "c1", "approximate": False, "mature_orders": 0, "mature_refunded_orders": 0}
QUIZ = {"course_id": "c1", "quiz_id": "q", "lesson_idx": 3, "best_attempt_passers": 0}


def lessons(*ends: tuple[int, int, int], course: str = "c1") -> pd.DataFrame:
    """Lessons 0, 1, … with (stopped, active, finished), each learner in a cohort day of its own table row."""
    counts = ("stopped", "active", "finished")
    rows = [
        {"course_id": course, "lesson_idx": number, **dict(zip(counts, end, strict=True))}
        for number, end in enumerate(ends)
    ]
    return pd.DataFrame(rows)


def drop_offs(frame: pd.DataFrame) -> dict[int | None, Finding]:
    return {found.subject.lesson_idx: found for found in findings_of(high_drop_off_lesson(frame, DROP_OFF))}


def quizzes(*rows: tuple[int, int], **more: Any) -> pd.DataFrame:
    """One row per cohort day, with (attempters, first_attempt_passers)."""
    return pd.DataFrame(
        [{**QUIZ, "attempters": tried, "first_attempt_passers": passed, **more} for tried, passed in rows]
    )


def test_drop_off_is_stopped_over_those_who_came_and_are_not_still_at_it() -> None:
    found = drop_offs(lessons((10, 5, 0), (60, 5, 1), (4, 0, 15)))[1]
    assert (found.evidence["reach"], found.evidence["active"], found.evidence["stopped"]) == (85, 5, 60)
    assert (found.evidence["numerator"], found.evidence["denominator"]) == (60, 80)
    assert found.value == 0.75
    assert found.fires


def test_learners_who_are_still_active_are_not_counted_as_lost() -> None:
    assert not drop_offs(lessons((10, 90, 0), (0, 0, 30)))[0].fires


def test_the_last_lesson_is_not_judged_since_stopping_there_is_a_matter_of_completion() -> None:
    assert set(drop_offs(lessons((40, 0, 0), (80, 0, 0)))) == {0}


def test_the_same_learners_spread_over_cohort_days_give_the_same_finding() -> None:
    whole = lessons((10, 5, 0), (60, 5, 1), (4, 0, 16))
    halves = pd.concat(
        [lessons((10, 0, 0), (20, 5, 0), (0, 0, 16)), lessons((0, 5, 0), (40, 0, 1), (4, 0, 0))]
    )
    assert drop_offs(halves) == drop_offs(whole)


def test_courses_are_judged_apart() -> None:
    both = pd.concat([lessons((60, 0, 0), (0, 0, 40)), lessons((0, 0, 0), (0, 0, 40), course="c2")])
    fired = [
        found.subject.course_id for found in findings_of(high_drop_off_lesson(both, DROP_OFF)) if found.fires
    ]
    assert fired == ["c1"]


def test_a_rule_is_silent_below_its_least_number_of_learners() -> None:
    assert not drop_offs(lessons((29, 0, 0), (0, 0, 0)))
    assert drop_offs(lessons((30, 0, 0), (0, 0, 0)))[0].fires


def test_a_rate_beyond_the_threshold_does_not_fire_while_it_may_be_chance() -> None:
    few = drop_offs(lessons((14, 0, 0), (0, 0, 26)))[0]
    many = drop_offs(lessons((140, 0, 0), (0, 0, 260)))[0]
    assert few.value == many.value == 0.35
    assert (few.fires, many.fires) == (False, True)


@pytest.mark.parametrize(("stopped", "holds"), [(30, True), (26, True), (25, True), (24, False)])
def test_an_open_signal_holds_until_the_rate_has_fallen_by_the_hysteresis(stopped: int, holds: bool) -> None:
    assert drop_offs(lessons((stopped, 0, 0), (0, 0, 100 - stopped)))[0].holds is holds


def test_severity_is_critical_when_all_of_the_interval_is_in_the_worse_half() -> None:
    assert drop_offs(lessons((50, 0, 0), (0, 0, 50)))[0].severity == "warning"
    assert drop_offs(lessons((90, 0, 0), (0, 0, 10)))[0].severity == "critical"


def test_a_named_quiz_is_judged_over_its_cohorts_and_keeps_its_identity_when_its_lesson_moves() -> None:
    (found,) = findings_of(low_quiz_pass_rate(quizzes((40, 10), (60, 20)), PASS_RATE))
    (moved,) = findings_of(low_quiz_pass_rate(quizzes((100, 30), lesson_idx=1), PASS_RATE))
    assert found.subject == moved.subject == Subject("low_quiz_pass_rate", "c1", None, "q")
    assert (found.value, found.fires, found.evidence["seen_in_lesson"]) == (0.3, True, 3)


def test_an_unnamed_quiz_is_its_lesson() -> None:
    (found,) = findings_of(low_quiz_pass_rate(quizzes((100, 80), quiz_id=None), PASS_RATE))
    assert found.subject == Subject("low_quiz_pass_rate", "c1", 3, None)
    assert isinstance(found.subject.lesson_idx, int)
    assert not found.fires


def test_completion_is_judged_over_enrolments_whose_window_is_over() -> None:
    funnel = pd.DataFrame(
        [
            {**FUNNEL, "mature": 100, "mature_step_2": 5, "open": 900},
            {**FUNNEL, "funnel": "discovery", "mature": 500, "mature_step_2": 500},
        ]
    )
    (found,) = findings_of(low_course_completion(funnel, COMPLETION))
    assert (found.value, found.fires, found.evidence["open"]) == (0.05, True, 900)
    young = pd.DataFrame([{**FUNNEL, "open": 900}])
    assert not list(findings_of(low_course_completion(young, COMPLETION)))


def test_refunds_are_judged_over_the_mature_orders_of_all_currencies_and_lessons() -> None:
    rows = [
        {"mature_orders": 60, "mature_refunded_orders": 20},
        {"mature_orders": 40, "mature_refunded_orders": 5},
    ]
    limit = Limit(threshold=0.1, hysteresis=0.05, min_learners=30)
    (found,) = findings_of(high_refund_rate(pd.DataFrame([{**REFUND, **row} for row in rows]), limit))
    assert (found.value, found.fires, found.evidence["approximate"]) == (0.25, True, False)


def test_all_rules_run_on_tables_without_a_row() -> None:
    tables = {
        "lesson_cohort": lessons((1, 1, 1))[:0],
        "quiz_cohort": quizzes((1, 1))[:0],
        "course_funnel": pd.DataFrame([FUNNEL])[:0],
        "course_refund": pd.DataFrame([REFUND])[:0],
    }
    assert find(tables, Settings()) == []


@given(st.integers(0, 300), st.integers(1, 300))
def test_the_interval_is_where_a_rate_would_have_to_lie_for_the_count_to_be_likely(
    some: int, all_: int
) -> None:
    """Its ends are the rates p at which the count is exactly 1.96 standard deviations from what p expects."""
    count = min(some, all_)
    (low,), (high,) = (end.tolist() for end in wilson(pd.Series([count]), pd.Series([all_])))
    assert 0 <= low <= count / all_ <= high <= 1
    for end in (low, high):
        away = abs(count / all_ - end)
        if 0 < end < 1:
            assert away == pytest.approx(1.959963984540054 * sqrt(end * (1 - end) / all_), abs=1e-9)
