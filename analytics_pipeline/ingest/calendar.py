"""The site's days as sorted boundaries: which day an instant belongs to, many times a second."""

from bisect import bisect_right
from datetime import date, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from analytics_pipeline.days import day_of, day_start
from analytics_pipeline.instants import instant_at, microseconds


class DayWindow(NamedTuple):
    """A site day as the half-open span [starts, ends), in microseconds since the epoch."""

    starts: int
    ends: int
    day: date


class Calendar:
    """Every day from `first_day` on, in `zone`. Boundaries are worked out once, and on as time does."""

    def __init__(self, zone: ZoneInfo, first_day: date) -> None:
        self.first_day = first_day
        self._zone = zone
        self._days = [first_day]
        self._starts = [microseconds(day_start(first_day, zone))]

    @property
    def begins(self) -> int:
        """The first instant of `first_day`."""
        return self._starts[0]

    def window(self, instant: int) -> DayWindow:
        """The day of an instant at or after `begins`."""
        while self._starts[-1] <= instant:
            day = self._days[-1] + timedelta(days=1)
            self._days.append(day)
            self._starts.append(microseconds(day_start(day, self._zone)))
        after = bisect_right(self._starts, instant)
        return DayWindow(self._starts[after - 1], self._starts[after], self._days[after - 1])

    def days_before(self, instant: int, days: int) -> int:
        """The first instant of the day that lies `days` days before the day of `instant`."""
        today = day_of(instant_at(instant), self._zone)
        return microseconds(day_start(today - timedelta(days=days), self._zone))
