"""How a number has changed against the period before, and whether that may be chance."""

from dataclasses import dataclass
from math import hypot

from analytics_pipeline.admin.answers.rates import Rate
from analytics_pipeline.admin.words import number, percent

UP, DOWN, SAME = "\N{UPWARDS ARROW}", "\N{DOWNWARDS ARROW}", "\N{RIGHTWARDS ARROW}"


@dataclass(frozen=True)
class Change:
    """A change in words. `by` is its size with an arrow, `against` what it is measured against."""

    by: str
    against: str


def count_change(now: int | None, before: int | None) -> Change | None:
    """The change of a count in per cent; None where there is nothing, or nothing shown, to compare with."""
    if now is None or not before:
        return None
    share = now / before - 1
    return Change(f"{_arrow(share)} {percent(abs(share))}", f"from {number(before)} to {number(now)}")


def rate_change(now: Rate, before: Rate) -> Change | None:
    """The change of a rate in percentage points; None where either has no value.

    It may be chance where the 95 % interval of the difference holds zero.
    """
    if now.value is None or before.value is None:
        return None
    points = (now.value - before.value) * 100
    low, high = difference_interval(now, before)
    arrow = _arrow(points / 100)
    sure = "; may be chance" if low <= 0 <= high and arrow != SAME else ""
    return Change(
        f"{arrow} {abs(points):.0f} points",
        f"from {percent(before.value)} to {percent(now.value)}{sure}",
    )


def difference_interval(now: Rate, before: Rate) -> tuple[float, float]:
    """The 95 % interval of the difference of two rates that have values: Newcombe's, from both Wilson's."""
    p, q = now.value or 0.0, before.value or 0.0
    difference = p - q
    low = difference - hypot(p - (now.low or 0.0), (before.high or 0.0) - q)
    high = difference + hypot((now.high or 0.0) - p, q - (before.low or 0.0))
    return low, high


def _arrow(share: float) -> str:
    if abs(share) < 0.0005:
        return SAME
    return UP if share > 0 else DOWN
