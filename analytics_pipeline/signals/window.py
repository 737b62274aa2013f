"""Which learners a rule looks at: the latest ones that are mature, enough of them to judge by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MOST_DAYS = 365
"""Learners who entered longer before than this are not judged: nobody acts on what they met."""

Numbers = NDArray[np.integer[Any]]
"""Whole numbers, one for each row."""


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

    def age(self, cohort_day: "pd.Series[Any]") -> Numbers:
        """By how many days each lies before `last`; negative of one that lies behind."""
        days = pd.to_datetime(cohort_day).to_numpy("datetime64[D]")
        return (np.datetime64(self.last, "D") - days).astype("int64")


def may_count(age: Numbers) -> NDArray[np.bool]:
    """Which cohort days of such an age are not too old or too young for any window."""
    return (age >= 0) & (age < MOST_DAYS)


def sum_latest(
    rows: pd.DataFrame, subject: Sequence[str], counts: Sequence[str], denominator: str, window: Window
) -> pd.DataFrame:
    """The counts of each subject over its window, with the cohort days `cohorts_from` and `cohorts_to`.

    `rows` has a row per subject and cohort day, or several; `denominator` is one of `counts`.
    """
    age = window.age(rows["cohort_day"])
    is_counted = may_count(age) & (rows[denominator].to_numpy() > 0)
    rows, age = rows[is_counted], age[is_counted]
    number = rows.groupby(list(subject), dropna=False).ngroup().to_numpy("int64")
    # Arrays and no groups of pandas, which take two to three times as long: days are caught up by the dozen.
    newest_first = np.lexsort((age, number))
    number, age = number[newest_first], age[newest_first]
    values = rows[list(counts)].to_numpy("int64")[newest_first]
    younger = _sum_of_younger(number, age, values[:, list(counts).index(denominator)])
    is_in = (age < window.days) | (younger < window.learners)
    number, age, values = number[is_in], age[is_in], values[is_in]
    first = _begins(number)
    summed = rows[list(subject)].iloc[newest_first[is_in][first]].reset_index(drop=True)
    summed[list(counts)] = np.add.reduceat(values, first)
    for name, of_each in (("cohorts_from", np.maximum.reduceat(age, first)), ("cohorts_to", age[first])):
        summed[name] = np.datetime_as_string(np.datetime64(window.last, "D") - of_each)
    return summed


def _sum_of_younger(number: Numbers, age: Numbers, values: Numbers) -> Numbers:
    """Of each row, the values of its number's rows of a lower age; rows come by number, then by age."""
    before = values.cumsum() - values
    of_day, of_number = _begins(number, age), _begins(number)
    younger = np.repeat(before[of_day], np.diff(of_day, append=len(number)))
    return younger - np.repeat(before[of_number], np.diff(of_number, append=len(number)))


def _begins(*keys: Numbers) -> Numbers:
    """Where rows begin whose keys differ from those of the row before."""
    differs = np.any([np.diff(key, prepend=-1) != 0 for key in keys], axis=0)
    return np.flatnonzero(differs)
