"""Calendar days of the site's time zone, as half-open windows of instants."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day of `instant` (aware) in `zone`."""
    return instant.astimezone(zone).date()


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of `day` in `zone`, in UTC; a day may last 23 to 25 hours."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def day_end(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which `day` is over in `zone`, in UTC: the first of the next day."""
    return day_start(day + timedelta(days=1), zone)


@dataclass(frozen=True, order=True)
class DayRange:
    """The days from `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"a range of days cannot end ({self.last}) before it begins ({self.first})")

    def __iter__(self) -> Iterator[date]:
        """Every day of the range, oldest first."""
        for offset in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=offset)

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"


def contiguous_ranges(days: list[date], longest: int) -> list[DayRange]:
    """Group days (any order) into ranges without a gap, oldest first, each of at most `longest` days."""
    ranges: list[DayRange] = []
    for day in sorted(set(days)):
        if ranges and day - ranges[-1].last == timedelta(days=1) and (day - ranges[-1].first).days < longest:
            ranges[-1] = DayRange(ranges[-1].first, day)
        else:
            ranges.append(DayRange(day, day))
    return ranges
