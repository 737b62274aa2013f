from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.admin.answers.ranges import Asked, Preset, WrongRangeError, select, whole_weeks
from analytics_pipeline.days import DayRange

DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
PUBLISHED = DayRange(date(2026, 1, 5), date(2026, 3, 31))


@given(DAYS, DAYS)
def test_whole_weeks_begin_on_monday_end_on_sunday_and_hold_the_days_tightly(one: date, other: date) -> None:
    days = DayRange(min(one, other), max(one, other))
    weeks = whole_weeks(days)
    assert (weeks.first.weekday(), weeks.last.weekday()) == (0, 6)
    assert 0 <= (days.first - weeks.first).days < 7
    assert 0 <= (weeks.last - days.last).days < 7


COMPLETE = date(2026, 3, 30)


def test_an_open_range_is_all_that_was_published() -> None:
    assert select(Asked(), PUBLISHED, COMPLETE).days == PUBLISHED
    assert select(Asked("all"), PUBLISHED, COMPLETE).days == PUBLISHED


def test_days_outside_what_was_published_are_left_out() -> None:
    selection = select(Asked(None, date(2025, 1, 1), date(2026, 1, 7)), PUBLISHED, COMPLETE)
    assert selection.days == DayRange(date(2026, 1, 5), date(2026, 1, 7))
    assert selection.cohort_days == DayRange(date(2026, 1, 5), date(2026, 1, 11))


def test_weeks_follow_from_the_days_asked_for_and_not_from_those_of_the_course() -> None:
    course = DayRange(date(2026, 1, 8), date(2026, 1, 20))
    selection = select(Asked(None, date(2026, 1, 5), date(2026, 1, 6)), course, COMPLETE)
    assert selection.days is None
    assert selection.cohort_days == DayRange(date(2026, 1, 5), date(2026, 1, 11))


def test_a_range_beside_what_was_published_holds_no_day() -> None:
    for asked in (Asked(None, date(2027, 1, 1)), Asked(None, None, date(2025, 1, 1))):
        selection = select(asked, PUBLISHED, COMPLETE)
        assert (selection.days, selection.cohort_days) == (None, None)


def test_a_range_that_ends_before_it_begins_is_refused_with_a_sentence() -> None:
    with pytest.raises(WrongRangeError, match=r"ends \(2026-01-01\) before it begins \(2026-02-01\)\."):
        Asked(None, date(2026, 2, 1), date(2026, 1, 1))


@pytest.mark.parametrize(("preset", "length"), [("7", 7), ("30", 30)])
def test_a_preset_ends_with_the_last_complete_day(preset: Preset, length: int) -> None:
    days = select(Asked(preset), PUBLISHED, COMPLETE).days
    assert days is not None
    assert (days.last, len(list(days))) == (COMPLETE, length)


def test_a_preset_comes_alone() -> None:
    with pytest.raises(WrongRangeError, match="either for `range`"):
        Asked("7", date(2026, 1, 1))
