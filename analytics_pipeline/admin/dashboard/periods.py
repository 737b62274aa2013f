"""Two periods of the same length, one right before the other, so that their numbers may be compared."""

from dataclasses import dataclass
from datetime import date, timedelta

from analytics_pipeline.days import DayRange


@dataclass(frozen=True)
class Periods:
    """A period and the one before it; both are over, and both lie within the days of the course."""

    now: DayRange
    before: DayRange

    @property
    def length(self) -> int:
        """Days in either of them."""
        return (self.now.last - self.now.first).days + 1


def compared_days(days: DayRange, published: DayRange, complete_through: date | None) -> Periods | None:
    """The complete ones of `days` against as many before; None where the course had not begun."""
    if complete_through is None:
        return None
    return _against_before(days.first, min(days.last, complete_through), published)


def compared_weeks(weeks: DayRange, published: DayRange, complete_through: date | None) -> Periods | None:
    """The same of whole weeks, those only that are over: a week that goes on would always seem to fall."""
    if complete_through is None:
        return None
    last_sunday = complete_through - timedelta(days=(complete_through.weekday() + 1) % 7)
    return _against_before(weeks.first, min(weeks.last, last_sunday), published)


def _against_before(first: date, last: date, published: DayRange) -> Periods | None:
    if last < first:
        return None
    length = last - first + timedelta(days=1)
    before = DayRange(first - length, first - timedelta(days=1))
    return Periods(DayRange(first, last), before) if before.first >= published.first else None
