"""A number is set against the period before only where that is fair, and chance is called chance."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.admin.answers.rates import rate
from analytics_pipeline.admin.dashboard.changes import count_change, difference_interval, rate_change
from analytics_pipeline.admin.dashboard.periods import compared_days, compared_weeks
from analytics_pipeline.days import DayRange

PUBLISHED = DayRange(date(2026, 1, 1), date(2026, 3, 31))


@given(st.dates(date(2026, 1, 1), date(2026, 3, 31)), st.integers(0, 60), st.dates(date(2026, 1, 1)))
def test_both_periods_are_over_equally_long_and_within_the_days_of_the_course(
    first: date, more: int, complete: date
) -> None:
    days = DayRange(first, date.fromordinal(first.toordinal() + more))
    for periods in (compared_days(days, PUBLISHED, complete), compared_weeks(days, PUBLISHED, complete)):
        if periods is not None:
            assert len(list(periods.now)) == len(list(periods.before)) == periods.length
            assert (periods.now.first - periods.before.last).days == 1
            assert periods.before.first >= PUBLISHED.first
            assert periods.now.last <= complete


def test_a_week_that_goes_on_is_not_compared() -> None:
    weeks = DayRange(date(2026, 3, 2), date(2026, 3, 15))
    periods = compared_weeks(weeks, PUBLISHED, date(2026, 3, 14))
    assert periods is not None
    assert periods.now == DayRange(date(2026, 3, 2), date(2026, 3, 8))
    assert periods.before == DayRange(date(2026, 2, 23), date(2026, 3, 1))
    assert compared_weeks(weeks, PUBLISHED, date(2026, 3, 15)).length == 14  # type: ignore[union-attr]


def test_nothing_is_compared_with_days_before_the_course() -> None:
    assert compared_days(PUBLISHED, PUBLISHED, PUBLISHED.last) is None
    assert compared_days(DayRange(date(2026, 3, 1), date(2026, 3, 7)), PUBLISHED, None) is None


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [(150, 100, "↑ 50 % from 100 to 150"), (90, 100, "↓ 10 % from 100 to 90"), (7, 7, "→ 0 % from 7 to 7")],
)
def test_a_count_changes_in_per_cent(now: int, before: int, words: str) -> None:
    change = count_change(now, before)
    assert change is not None
    assert f"{change.by} {change.against}" == words


def test_a_count_has_no_change_where_there_was_nothing_or_nothing_that_is_shown() -> None:
    assert count_change(5, 0) is None
    assert count_change(5, None) is None
    assert count_change(None, 5) is None


def test_a_rate_changes_in_points_and_chance_is_called_chance() -> None:
    sure = rate_change(rate(400, 1000, 5), rate(300, 1000, 5))
    assert sure is not None
    assert (sure.by, sure.against) == ("↑ 10 points", "from 30 % to 40 %")
    chance = rate_change(rate(4, 10, 5), rate(3, 10, 5))
    assert chance is not None
    assert chance.against == "from 30 % to 40 %; may be chance"
    assert rate_change(rate(4, 10, 5), rate(1, 3, 5)) is None
    assert rate_change(rate(0, 0, 5), rate(1, 10, 5)) is None


@pytest.mark.parametrize(
    ("now", "before", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table II, method 10.
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((5, 56), (0, 29), -0.0381, 0.1926),
    ],
)
def test_the_interval_of_a_difference_is_newcombes(
    now: tuple[int, int], before: tuple[int, int], low: float, high: float
) -> None:
    assert difference_interval(rate(*now, 5), rate(*before, 5)) == pytest.approx((low, high), abs=0.00006)
