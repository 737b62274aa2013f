"""Which days an answer rests on: site days for activity, whole weeks of cohort days for rates of persons."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from analytics_pipeline.days import DayRange


class WrongRangeError(Exception):
    """The asked range cannot be used; the message is one sentence."""


Preset = Literal["7", "30", "90", "all"]
"""The last so many complete days, or all days."""

LENGTHS: dict[Preset, int] = {"7": 7, "30": 30, "90": 90}


@dataclass(frozen=True)
class Asked:
    """The days that somebody asks for: a preset, or days of which either end may be open."""

    preset: Preset | None = None
    first: date | None = None
    last: date | None = None

    def __post_init__(self) -> None:
        if self.preset is not None and (self.first or self.last):
            raise WrongRangeError("Ask either for `range` or for `from` and `to`.")
        if self.first and self.last and self.last < self.first:
            raise WrongRangeError(f"The range ends ({self.last}) before it begins ({self.first}).")

    def within(self, published: DayRange, complete_through: date | None) -> DayRange | None:
        """The days asked for, of which open ends are those of `published`; None where they miss it.

        A preset ends with the last complete day, for every course alike.
        """
        first, last = self.first, self.last
        if self.preset in LENGTHS:
            end = complete_through or published.last
            first, last = end - timedelta(days=LENGTHS[self.preset] - 1), end
        first, last = first or published.first, last or published.last
        return DayRange(first, last) if first <= last else None


ALL_DAYS = Asked()

EVER = DayRange(date.min, date.max)
"""What lists that know no first and last day are asked within."""


@dataclass(frozen=True)
class Selection:
    """The effective range of an answer; None where the course has no day in it."""

    days: DayRange | None
    cohort_days: DayRange | None


NOTHING = Selection(None, None)


def whole_weeks(days: DayRange) -> DayRange:
    """The weeks, Monday to Sunday, that `days` touches."""
    monday = days.first - timedelta(days=days.first.weekday())
    sunday = days.last + timedelta(days=6 - days.last.weekday())
    return DayRange(monday, sunday)


def select(asked: Asked, published: DayRange, complete_through: date | None) -> Selection:
    """The effective range of an answer about what has the days `published`.

    Rates of persons get whole weeks, so that moving an end by one day cannot single out the learners of that
    day. Weeks follow from the days asked for alone: a list of courses and each course of it mean the same.
    """
    days = asked.within(published, complete_through)
    if days is None:
        return NOTHING
    return Selection(_common(days, published), _common(whole_weeks(days), whole_weeks(published)))


def _common(one: DayRange, other: DayRange) -> DayRange | None:
    first, last = max(one.first, other.first), min(one.last, other.last)
    return DayRange(first, last) if first <= last else None
