"""The days of a play, numbered from 0, in the site's time zone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from analytics_pipeline.days import day_end, day_of, day_start


@dataclass(frozen=True)
class Calendar:
    """`days` days of which the last is `last_day`."""

    last_day: date
    days: int
    zone: ZoneInfo

    @property
    def first_day(self) -> date:
        """Day 0."""
        return self.last_day - timedelta(days=self.days - 1)

    @property
    def end(self) -> datetime:
        """The first instant that is no longer played."""
        return day_end(self.last_day, self.zone)

    def weekday(self, number: int) -> int:
        """0 is Monday."""
        return (self.first_day + timedelta(days=number)).weekday()

    def instant(self, number: int, hour: float) -> datetime:
        """Day `number`, `hour` hours after its start, in UTC."""
        return day_start(self.first_day + timedelta(days=number), self.zone) + timedelta(hours=hour)

    def number(self, instant: datetime) -> int:
        """The number of the day that `instant` lies in."""
        return (day_of(instant, self.zone) - self.first_day).days
