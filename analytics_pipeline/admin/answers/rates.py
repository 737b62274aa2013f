"""Rates of persons with their counts and interval, and the hiding of groups that are too small to show."""

from analytics_pipeline.admin.answers.base import Answer
from analytics_pipeline.signals.interval import wilson


class Rate(Answer):
    """A share of learners. Without a denominator its value is null and its counts are 0."""

    value: float | None
    """Numerator ÷ denominator."""
    numerator: int | None
    """Learners for whom it is true."""
    denominator: int | None
    """Learners of whom it is asked."""
    low: float | None
    """Low end of the 95 % Wilson interval."""
    high: float | None
    """High end of the 95 % Wilson interval."""
    hidden: bool
    """True where the denominator is too small to be shown; all numbers are then null."""


HIDDEN_RATE = Rate(value=None, numerator=None, denominator=None, low=None, high=None, hidden=True)
NO_RATE = Rate(value=None, numerator=0, denominator=0, low=None, high=None, hidden=False)


def is_hidden(learners: int, min_cell: int) -> bool:
    """Whether a group of `learners` is too small to be shown; an empty group hides nobody."""
    return 0 < learners < min_cell


def rate(numerator: int, denominator: int, min_cell: int) -> Rate:
    """`numerator` out of `denominator` learners, hidden where these are fewer than `min_cell`."""
    if denominator == 0:
        return NO_RATE
    if is_hidden(denominator, min_cell):
        return HIDDEN_RATE
    low, high = wilson(numerator, denominator)
    return Rate(
        value=numerator / denominator,
        numerator=numerator,
        denominator=denominator,
        low=low,
        high=high,
        hidden=False,
    )


def count(value: int, learners: int, min_cell: int) -> int | None:
    """`value`, a count about a group of `learners`; None where the group is too small to be shown."""
    return None if is_hidden(learners, min_cell) else value
