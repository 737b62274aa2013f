"""The time range of a page: the last 7, 30 or 90 days, all days, or the days of a form."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Depends, Query

from analytics_pipeline.admin.answers.ranges import WrongRangeError, last_days
from analytics_pipeline.admin.api.routes import FIRST, LAST
from analytics_pipeline.days import DayRange

PRESETS = {"7": 7, "30": 30, "90": 90}

Preset = Literal["7", "30", "90", "all", "custom"]


@dataclass(frozen=True)
class RangeForm:
    """What a page was asked for; the days count only where the preset is `custom`."""

    preset: Preset
    first: date | None
    last: date | None

    def days(self, published: DayRange, complete_through: date | None) -> tuple[date | None, date | None]:
        """First and last day to ask for; presets end with the last complete day that the course has."""
        if self.preset not in PRESETS:
            return self.first, self.last
        days = last_days(PRESETS[self.preset], min(published.last, complete_through or published.last))
        return days.first, days.last

    @property
    def query(self) -> str:
        """The same range as the query of another page's address."""
        days = {"from": self.first, "to": self.last}
        return urlencode(
            {"range": self.preset} | {name: day for name, day in days.items() if day is not None}
        )


def _range_form(
    preset: Annotated[Preset, Query(alias="range")] = "90",
    first: Annotated[str, Query(alias="from", max_length=10)] = "",
    last: Annotated[str, Query(alias="to", max_length=10)] = "",
) -> RangeForm:
    if preset != "custom":
        return RangeForm(preset, None, None)
    return RangeForm(preset, _day(first), _day(last))


AskedRange = Annotated[RangeForm, Depends(_range_form)]


def _day(text: str) -> date | None:
    """A day as a form sends it: an end that was left open is empty."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not FIRST <= day <= LAST:
        raise WrongRangeError(f"{text} is no day between {FIRST} and {LAST}; write for example 2026-03-31.")
    return day
