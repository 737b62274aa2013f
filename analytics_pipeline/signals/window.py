"""Which learners a rule looks at: the latest ones that are mature, enough of them to judge by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

MOST_DAYS = 365
"""Learners who entered longer before than this are not judged: nobody acts on what they met."""


@dataclass(frozen=True)
class Window:
    """The cohort days that a finding about a subject rests on, going back from `last`.

    They are the latest `days` days, and older ones, newest first, while fewer than `learners` are counted in
    the denominator: a busy course is judged by its last weeks, so that a fault and its repair show soon; a
    small one, or one whose learners all started on one day, by its last learners.
    """

    last: date
    """The latest cohort day whose learners are mature as of the day of the evaluation."""
    days: int
    learners: int


def sum_latest(
    rows: pd.DataFrame, subject: Sequence[str], counts: Sequence[str], denominator: str, window: Window
) -> pd.DataFrame:
    """The counts of each subject over its window, with the cohort days `cohorts_from` and `cohorts_to`.

    `rows` has a row per subject and cohort day, or several; `denominator` is one of `counts`.
    """
    last = pd.Timestamp(window.last)
    rows = rows.assign(cohort_day=pd.to_datetime(rows["cohort_day"]))
    age = (last - rows["cohort_day"]).dt.days
    rows = rows[(age >= 0) & (age < MOST_DAYS) & (rows[denominator] > 0)]
    by_day = rows.groupby([*subject, "cohort_day"], dropna=False, as_index=False)[list(counts)].sum()
    by_day = by_day.sort_values("cohort_day", ascending=False)
    counted = by_day.groupby(list(subject), dropna=False)[denominator].cumsum()
    is_recent = (last - by_day["cohort_day"]).dt.days < window.days
    taken = by_day[is_recent | (counted - by_day[denominator] < window.learners)]
    groups = taken.groupby(list(subject), dropna=False)
    summed: pd.DataFrame = groups[list(counts)].sum()
    summed["cohorts_from"] = groups["cohort_day"].min().dt.strftime("%Y-%m-%d")
    summed["cohorts_to"] = groups["cohort_day"].max().dt.strftime("%Y-%m-%d")
    return summed.reset_index()
