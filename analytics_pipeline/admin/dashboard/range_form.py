"""The time range of a page: the last 7, 30 or 90 days, all days, or the days of a form."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Depends, Query

from analytics_pipeline.admin.answers.ranges import Asked, Preset, WrongRangeError
from analytics_pipeline.admin.api.parameters import FIRST, LAST


@dataclass(frozen=True)
class RangeForm:
    """What a page was asked for; the days count only where the preset is `custom`."""

    preset: Preset | Literal["custom"]
    first: date | None
    last: date | None

    @property
    def asked(self) -> Asked:
        """The days to ask for."""
        return Asked(None, self.first, self.last) if self.preset == "custom" else Asked(self.preset)

    @property
    def query(self) -> str:
        """The same range as the query of another page's address."""
        days = {"from": self.first, "to": self.last}
        return urlencode(
            {"range": self.preset} | {name: day for name, day in days.items() if day is not None}
        )


async def _range_form(
    preset: Annotated[Preset | Literal["custom"], Query(alias="range")] = "90",
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
