"""The key numbers of all courses together, over whole weeks and against as many weeks before."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from analytics_pipeline.admin.answers.base import DaySpan
from analytics_pipeline.admin.dashboard.site_numbers import read_site
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.database import tables
from tests.admin.rows import course_day, open_signal, publish

SUNDAY = date(2026, 3, 29)
"""The last Sunday before the numbers end."""
WEEKS = [SUNDAY - timedelta(days=7 * number + 6) for number in range(6)][::-1]
TWO_WEEKS = DaySpan(first=WEEKS[-2], last=SUNDAY)
Look = Callable[..., View]


def week_of(course_id: str, monday: date, began: int, enrolled: int, completed: int) -> dict[str, Any]:
    """Learners of one week; the window of half of those who enrolled is over."""
    day = {"course_id": course_id, "cohort_day": monday + timedelta(days=3)}
    counts = {"entered": enrolled, "mature": enrolled // 2, "mature_step_2": completed}
    return {
        "lesson": {**day, "lesson_idx": 0, "viewers": began, "stopped": began},
        "funnel": {**day, "funnel": "completion", "converted": completed, **counts},
    }


@pytest.fixture
def site(pipeline: psycopg.Connection) -> None:
    """Two courses of which the larger one grows from week to week."""
    rows = [week_of("algebra", week, 10 + n, 20 + 2 * n, 5) for n, week in enumerate(WEEKS)]
    rows += [week_of("botany", week, 3, 4, 1) for week in WEEKS[2:]]
    publish(pipeline, tables.course_daily, *(course_day(name, SUNDAY, 9) for name in ("algebra", "botany")))
    publish(pipeline, tables.lesson_cohort, *(row["lesson"] for row in rows))
    publish(pipeline, tables.course_funnel, *(row["funnel"] for row in rows))
    signals = [open_signal("high_drop_off_lesson", "algebra", lesson_idx=idx) for idx in (1, 2)]
    signals += [open_signal("low_course_completion", "botany")]
    signals += [open_signal("high_refund_rate", "botany", resolved_at=SUNDAY)]
    publish(pipeline, tables.signal, *signals)


@pytest.mark.usefixtures("site")
def test_persons_of_all_courses_are_added_up_and_set_against_as_many_weeks_before(look: Look) -> None:
    numbers = read_site(look(), TWO_WEEKS)
    # Algebra's last two weeks have 14 + 15 learners of whom 28 + 30 enrolled; botany's 3 and 4 in each.
    assert numbers.persons.learners == 14 + 15 + 3 + 3
    assert numbers.persons.enrolled == 28 + 30 + 4 + 4
    completion = numbers.persons.completion
    assert (completion.numerator, completion.denominator) == (5 + 5 + 1 + 1, 14 + 15 + 2 + 2)
    assert (numbers.open_signals, numbers.courses_with_signals) == (3, 2)
    told = {name: f"{change.by} {change.against}" for name, change in numbers.comparison.changes.items()}
    assert told == {
        "learners": "↑ 13 % from 31 to 35",
        "enrolled": "↑ 14 % from 58 to 66",
        "completion": "↓ 5 points from 41 % to 36 %; may be chance",
    }


@pytest.mark.usefixtures("site")
def test_who_may_read_one_course_sees_the_numbers_of_that_course_alone(look: Look) -> None:
    numbers = read_site(look(["botany"]), TWO_WEEKS)
    assert (numbers.persons.learners, numbers.persons.enrolled) == (6, 8)
    assert numbers.persons.completion.hidden
    assert (numbers.open_signals, numbers.courses_with_signals) == (1, 1)


@pytest.mark.usefixtures("site")
def test_nothing_is_compared_with_weeks_in_which_no_course_had_begun(look: Look) -> None:
    weeks = DaySpan(first=WEEKS[2], last=SUNDAY)
    assert read_site(look(), weeks).comparison.changes == {}
    # The first week may have begun before the first course did.
    weeks = DaySpan(first=WEEKS[3], last=SUNDAY)
    assert read_site(look(), weeks).comparison.changes == {}


@pytest.mark.usefixtures("site")
def test_without_any_week_nobody_is_counted(look: Look) -> None:
    numbers = read_site(look(), None)
    assert (numbers.persons.learners, numbers.persons.enrolled) == (0, 0)
    assert numbers.persons.completion.value is None
    assert numbers.open_signals == 3
