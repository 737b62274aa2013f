"""Long ranges are read as whole weeks and the days beside them; no day twice, and none is left out."""

from datetime import date, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from analytics_pipeline.admin.reading.lessons import parts_of
from analytics_pipeline.days import DayRange

SUNDAY = date(2026, 3, 1)
ANY_DAY = st.dates(date(2000, 1, 1), date(2100, 12, 31))


def every(first: date, last: date) -> list[date]:
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


@given(first=ANY_DAY, length=st.integers(0, 40))
@example(first=SUNDAY, length=0)
@example(first=SUNDAY + timedelta(days=1), length=6)
@example(first=SUNDAY, length=7)
def test_every_day_of_a_range_lies_in_exactly_one_part_of_it(first: date, length: int) -> None:
    last = first + timedelta(days=length)
    parts = parts_of(DayRange(first, last))
    mondays = [day for day in every(parts.first_week, parts.last_week) if day.weekday() == 0]
    weeks = [day for monday in mondays for day in every(monday, monday + timedelta(days=6))]
    beside = [*every(parts.head_first, parts.head_last), *every(parts.tail_first, parts.tail_last)]
    assert sorted(weeks + beside) == every(first, last)
    assert len(beside) <= 12
