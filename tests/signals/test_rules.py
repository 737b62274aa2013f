"""Each rule, on tables small enough to check by hand."""

from datetime import date, timedelta
from math import sqrt
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.settings import Settings, SignalOverride
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
from analytics_pipeline.signals.window import MOST_DAYS, Window

DROP_OFF = Limit(threshold=0.3, hysteresis=0.05, min_learners=30)
PASS_RATE = Limit(threshold=0.5, hysteresis=0.05, min_learners=30)
COMPLETION = Limit(threshold=0.2, hysteresis=0.05, min_learners=30)

LAST = date(2024, 5, 31)
WINDOW = Window(LAST, days=28, learners=0)

FUNNEL = {"funnel": "completion", "course_id": "c1", "cohort_day": LAST, "mature_step_2": 0, "mature": 0}
REFUND = {
    "course_id": "c1",
    "approximate": False,
    "cohort_day": LAST,
    "mature_orders": 0,
    "mature_refunded_orders": 0,
}
QUIZ = {"course_id": "c1", "quiz_id": "q", "lesson_idx": 3, "cohort_day": LAST, "best_attempt_passers": 0}


def lessons(*ends: tuple[int, int, int], course: str = "c1", day: date = LAST) -> pd.DataFrame:
    """Lessons 0, 1, … of a cohort day with (stopped, active, finished)."""
    counts = ("stopped", "active", "finished")
    rows = [
        {
            "course_id": course,
            "lesson_idx": number,
            "cohort_day": day,
            **dict(zip(counts, end, strict=True)),
        }
        for number, end in enumerate(ends)
    ]
    return pd.DataFrame(rows)


def drop_offs(frame: pd.DataFrame, window: Window = WINDOW) -> dict[int | None, Finding]:
    found = findings_of(high_drop_off_lesson(frame, DROP_OFF, window))
    return {finding.subject.lesson_idx: finding for finding in found}


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
    whole = drop_offs(lessons((10, 5, 0), (60, 5, 1), (4, 0, 16)))
    halves = drop_offs(
        pd.concat(
            [
                lessons((10, 0, 0), (20, 5, 0), (0, 0, 16), day=LAST - timedelta(days=9)),
                lessons((0, 5, 0), (40, 0, 1), (4, 0, 0)),
            ]
        )
    )
    assert [(each.value, each.fires, each.evidence["reach"]) for each in halves.values()] == [
        (each.value, each.fires, each.evidence["reach"]) for each in whole.values()
    ]
    assert halves[1].evidence["cohorts_from"] == "2024-05-22"
    assert halves[1].evidence["cohorts_to"] == "2024-05-31"


def test_who_went_further_has_reached_a_lesson_that_nobody_of_the_cohort_day_was_in() -> None:
    passed_over = lessons((0, 0, 0), (0, 0, 0), (40, 0, 0))
    found = drop_offs(pd.concat([lessons((0, 0, 0), (20, 0, 0)), passed_over[passed_over.lesson_idx == 2]]))
    assert (found[1].evidence["numerator"], found[1].evidence["denominator"]) == (20, 60)


def test_courses_are_judged_apart() -> None:
    both = pd.concat([lessons((60, 0, 0), (0, 0, 40)), lessons((0, 0, 0), (0, 0, 40), course="c2")])
    fired = [
        found.subject.course_id
        for found in findings_of(high_drop_off_lesson(both, DROP_OFF, WINDOW))
        if found.fires
    ]
    assert fired == ["c1"]


def test_a_rule_is_silent_below_its_least_number_of_learners() -> None:
    assert not drop_offs(lessons((29, 0, 0), (0, 0, 0)))
    assert drop_offs(lessons((30, 0, 0), (0, 0, 0)))[0].fires


def test_a_rate_beyond_the_threshold_does_not_fire_while_it_may_be_chance() -> None:
    few = drop_offs(lessons((14, 0, 0), (0, 0, 26)))[0]
    many = drop_offs(lessons((280, 0, 0), (0, 0, 520)))[0]
    assert few.value == many.value == 0.35
    assert (few.fires, many.fires) == (False, True)


def test_to_open_takes_more_certainty_than_the_interval_that_is_shown() -> None:
    found = drop_offs(lessons((149, 0, 0), (0, 0, 276)))[0]
    assert 0.3 < float(found.evidence["low"] or 0) < found.value
    assert not found.fires


@pytest.mark.parametrize(("stopped", "holds"), [(30, True), (26, True), (25, True), (24, False)])
def test_an_open_signal_holds_until_the_rate_has_fallen_by_the_hysteresis(stopped: int, holds: bool) -> None:
    assert drop_offs(lessons((stopped, 0, 0), (0, 0, 100 - stopped)))[0].holds is holds


def test_severity_is_critical_when_all_of_the_interval_is_in_the_worse_half() -> None:
    assert drop_offs(lessons((50, 0, 0), (0, 0, 50)))[0].severity == "warning"
    assert drop_offs(lessons((90, 0, 0), (0, 0, 10)))[0].severity == "critical"


def test_a_named_quiz_is_judged_over_its_cohorts_and_keeps_its_identity_when_its_lesson_moves() -> None:
    (found,) = findings_of(low_quiz_pass_rate(quizzes((40, 10), (60, 20)), PASS_RATE, WINDOW))
    (moved,) = findings_of(low_quiz_pass_rate(quizzes((100, 30), lesson_idx=1), PASS_RATE, WINDOW))
    assert found.subject == moved.subject == Subject("low_quiz_pass_rate", "c1", None, "q")
    assert (found.value, found.fires, found.evidence["seen_in_lesson"]) == (0.3, True, 3)


def test_an_unnamed_quiz_is_its_lesson() -> None:
    (found,) = findings_of(low_quiz_pass_rate(quizzes((100, 80), quiz_id=None), PASS_RATE, WINDOW))
    assert found.subject == Subject("low_quiz_pass_rate", "c1", 3, None)
    assert isinstance(found.subject.lesson_idx, int)
    assert not found.fires


def test_completion_is_judged_over_enrolments_whose_window_is_over() -> None:
    funnel = pd.DataFrame(
        [
            {**FUNNEL, "mature": 100, "mature_step_2": 5},
            {**FUNNEL, "funnel": "discovery", "mature": 500, "mature_step_2": 500},
        ]
    )
    (found,) = findings_of(low_course_completion(funnel, COMPLETION, WINDOW))
    assert (found.value, found.fires, found.evidence["denominator"]) == (0.05, True, 100)
    young = pd.DataFrame([{**FUNNEL, "mature": 0}])
    assert not list(findings_of(low_course_completion(young, COMPLETION, WINDOW)))


def test_refunds_are_judged_over_the_mature_orders_of_all_currencies_and_lessons() -> None:
    rows = [
        {"mature_orders": 60, "mature_refunded_orders": 20},
        {"mature_orders": 40, "mature_refunded_orders": 5},
    ]
    limit = Limit(threshold=0.1, hysteresis=0.05, min_learners=30)
    (found,) = findings_of(high_refund_rate(pd.DataFrame([{**REFUND, **row} for row in rows]), limit, WINDOW))
    assert (found.value, found.fires, found.evidence["approximate"]) == (0.25, True, False)


def cohorts(*rows: tuple[int, int, int], window: Window) -> Finding:
    """What the quiz rule finds in rows of (days before LAST, attempters, first_attempt_passers)."""
    days = [quizzes((tried, passed), cohort_day=LAST - timedelta(days=ago)) for ago, tried, passed in rows]
    (found,) = findings_of(low_quiz_pass_rate(pd.concat(days), PASS_RATE, window))
    return found


def test_learners_who_entered_before_the_window_are_not_judged_when_it_holds_enough() -> None:
    window = Window(LAST, days=28, learners=100)
    found = cohorts((0, 60, 60), (27, 40, 40), (28, 900, 0), window=window)
    assert (found.value, found.evidence["denominator"]) == (1.0, 100)
    assert found.evidence["cohorts_from"] == "2024-05-04"


def test_a_window_goes_back_day_by_day_until_it_holds_enough_learners() -> None:
    window = Window(LAST, days=28, learners=100)
    found = cohorts((0, 60, 60), (27, 39, 39), (40, 7, 0), (41, 900, 0), window=window)
    assert (found.evidence["denominator"], found.evidence["cohorts_from"]) == (106, "2024-04-21")


def test_learners_who_are_not_mature_or_came_too_long_ago_are_not_judged() -> None:
    window = Window(LAST, days=28, learners=1000)
    rows = (-1, 50, 0), (0, 40, 40), (MOST_DAYS - 1, 30, 30), (MOST_DAYS, 50, 0)
    found = cohorts(*rows, window=window)
    assert (found.value, found.evidence["denominator"]) == (1.0, 70)


def tables() -> dict[str, pd.DataFrame]:
    """Tables without a row, with the columns that the rules read."""
    return {
        "lesson_cohort": lessons((1, 1, 1))[:0],
        "quiz_cohort": quizzes((1, 1))[:0],
        "course_funnel": pd.DataFrame([FUNNEL])[:0],
        "course_refund": pd.DataFrame([REFUND])[:0],
        "lesson_daily": pd.DataFrame(
            columns=["course_id", "lesson_idx", "day", "views", "viewers", "views_by_hour"]
        ),
    }


def test_all_rules_run_on_tables_without_a_row() -> None:
    assert find(tables(), Settings(), LAST) == []


def test_a_course_with_thresholds_of_its_own_is_judged_by_them_and_the_others_by_the_sites() -> None:
    quiz = pd.concat([quizzes((100, 60)), quizzes((100, 60), course_id="c2")])
    settings = Settings(signal_overrides={"c2": SignalOverride(quiz_pass_rate=0.9)})
    found = find(tables() | {"quiz_cohort": quiz}, settings, LAST)
    assert {each.subject.course_id: (each.threshold, each.fires) for each in found} == {
        "c1": (0.5, False),
        "c2": (0.9, True),
    }


def test_enrolments_count_once_the_window_of_their_own_course_is_over() -> None:
    rows = [{**FUNNEL, "course_id": name, "mature": 100, "mature_step_2": 50} for name in ("long", "site")]
    funnel = pd.DataFrame(rows).assign(cohort_day=LAST - timedelta(days=90))
    settings = Settings(funnel_windows={"long": 270})
    found = find(tables() | {"course_funnel": funnel}, settings, LAST)
    assert [each.subject.course_id for each in found] == ["site"]


@given(st.integers(0, 300), st.integers(1, 300))
def test_the_interval_is_where_a_rate_would_have_to_lie_for_the_count_to_be_likely(
    some: int, all_: int
) -> None:
    """Its ends are the rates p at which the count is exactly 1.96 standard deviations from what p expects."""
    count = min(some, all_)
    low, high = wilson(count, all_)
    assert 0 <= low <= count / all_ <= high <= 1
    for end in (low, high):
        away = abs(count / all_ - end)
        if 0 < end < 1:
            assert away == pytest.approx(1.959963984540054 * sqrt(end * (1 - end) / all_), abs=1e-9)
