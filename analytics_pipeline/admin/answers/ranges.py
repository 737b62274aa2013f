"""Which days an answer rests on: site days for activity, whole weeks of cohort days for rates of persons."""

from dataclasses import dataclass
from datetime import date, timedelta

from analytics_pipeline.days import DayRange


class WrongRangeError(Exception):
    """The asked range cannot be used; the message is one sentence."""


@dataclass(frozen=True)
class Selection:
    """The effective range of an answer; None where the course has no day in it."""

    days: DayRange | None
    cohort_days: DayRange | None


def whole_weeks(days: DayRange) -> DayRange:
    """The weeks, Monday to Sunday, that `days` touches."""
    monday = days.first - timedelta(days=days.first.weekday())
    sunday = days.last + timedelta(days=6 - days.last.weekday())
    return DayRange(monday, sunday)


def select(first: date | None, last: date | None, published: DayRange) -> Selection:
    """The effective range of an answer for the asked days, of which either end may be open.

    Days outside `published` (the days that the course has) are left out. Rates of persons get whole weeks,
    so that moving an end by one day cannot single out the learners of that day.
    """
    if first and last and last < first:
        raise WrongRangeError(f"The range ends ({last}) before it begins ({first}).")
    begin = max(first or published.first, published.first)
    end = min(last or published.last, published.last)
    if end < begin:
        return Selection(None, None)
    days = DayRange(begin, end)
    return Selection(days, whole_weeks(days))


def last_days(length: int, end: date) -> DayRange:
    """The `length` days that end with `end`."""
    return DayRange(end - timedelta(days=length - 1), end)
