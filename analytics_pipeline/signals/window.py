"""Which learners a rule looks at: the latest ones that are mature, enough of them to judge by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

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

    def age(self, cohort_day: "pd.Series[Any]") -> "pd.Series[int]":
        """By how many days each lies before `last`; negative of one that lies behind."""
        return (pd.Timestamp(self.last) - pd.to_datetime(cohort_day)).dt.days

    def may_hold(self, cohort_day: "pd.Series[Any]") -> "pd.Series[bool]":
        """Which of these days are not too old or too young for any window of this day."""
        age = self.age(cohort_day)
        return (age >= 0) & (age < MOST_DAYS)


def sum_latest(
    rows: pd.DataFrame, subject: Sequence[str], counts: Sequence[str], denominator: str, window: Window
) -> pd.DataFrame:
    """The counts of each subject over its window, with the cohort days `cohorts_from` and `cohorts_to`.

    `rows` has a row per subject and cohort day, or several; `denominator` is one of `counts`.
    """
    rows = rows[window.may_hold(rows["cohort_day"]) & (rows[denominator] > 0)]
    # To group by numbers is several times as fast as by ids.
    number = rows.groupby(list(subject), dropna=False).ngroup().rename("number")
    of_days = rows[list(counts)].groupby([number, window.age(rows["cohort_day"]).rename("age")]).sum()
    by_day = of_days.reset_index("age")
    younger = by_day[denominator].groupby("number").cumsum() - by_day[denominator]
    groups = by_day[(by_day["age"] < window.days) | (younger < window.learners)].groupby("number")
    summed = groups[list(counts)].sum()
    for name, age in (("cohorts_from", groups["age"].max()), ("cohorts_to", groups["age"].min())):
        summed[name] = (pd.Timestamp(window.last) - pd.to_timedelta(age, "D")).dt.strftime("%Y-%m-%d")
    subjects = rows[list(subject)].set_index(number)
    return subjects[~subjects.index.duplicated()].join(summed, how="right").reset_index(drop=True)
