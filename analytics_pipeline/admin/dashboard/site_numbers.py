"""The key numbers of all courses together, against as many weeks before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import BigInteger, func, select
from sqlalchemy.sql.elements import ColumnElement

from analytics_pipeline.admin.answers.base import DaySpan
from analytics_pipeline.admin.answers.rates import Rate, count, rate
from analytics_pipeline.admin.dashboard.changes import count_change, rate_change
from analytics_pipeline.admin.dashboard.comparison import NOTHING, Comparison
from analytics_pipeline.admin.dashboard.periods import compared_weeks
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.database.tables import course_week, signal
from analytics_pipeline.days import DayRange

COUNTS = ("learners", "enrolled", "mature", "mature_completed")


@dataclass(frozen=True)
class Persons:
    """Learners of some weeks; one who is in two courses counts in both."""

    learners: int | None
    enrolled: int | None
    completion: Rate


@dataclass(frozen=True)
class SiteNumbers:
    """What all courses come to, over those that may be read."""

    persons: Persons
    open_signals: int
    courses_with_signals: int
    comparison: Comparison


def read_site(view: View, cohort_days: DaySpan | None) -> SiteNumbers:
    """The numbers of the whole weeks `cohort_days`, and how they changed."""
    open_signals, courses = view.connection.execute(
        select(func.count(), func.count(signal.c.course_id.distinct())).where(
            signal.c.resolved_at.is_(None), view.allows(signal.c.course_id)
        )
    ).one()
    if cohort_days is None:
        return SiteNumbers(_shown((0, 0, 0, 0), view.rules.min_cell), open_signals, courses, NOTHING)
    weeks = DayRange(cohort_days.first, cohort_days.last)
    return SiteNumbers(_persons(view, weeks), open_signals, courses, _compare(view, weeks))


def _compare(view: View, weeks: DayRange) -> Comparison:
    begun = view.connection.scalar(select(func.min(course_week.c.week)).where(_seen(view)))
    if begun is None:
        return NOTHING
    # The first week may have begun before the first course did.
    published = DayRange(begun + timedelta(days=7), max(begun + timedelta(days=7), weeks.last))
    periods = compared_weeks(weeks, published, view.complete_through)
    if periods is None:
        return NOTHING
    now, before = _persons(view, periods.now), _persons(view, periods.before)
    changes = {
        "site_learners": count_change(now.learners, before.learners),
        "site_enrolled": count_change(now.enrolled, before.enrolled),
        "completion": rate_change(now.completion, before.completion),
    }
    return Comparison(None, periods, {name: change for name, change in changes.items() if change})


def _persons(view: View, weeks: DayRange) -> Persons:
    sums = (func.coalesce(func.sum(course_week.c[name]), 0).cast(BigInteger) for name in COUNTS)
    within = course_week.c.week.between(weeks.first, weeks.last)
    return _shown(
        view.connection.execute(select(*sums).where(within, _seen(view))).one(), view.rules.min_cell
    )


def _shown(counts: Sequence[int], min_cell: int) -> Persons:
    learners, enrolled, mature, completed = counts
    return Persons(
        count(learners, learners, min_cell),
        count(enrolled, enrolled, min_cell),
        rate(completed, mature, min_cell),
    )


def _seen(view: View) -> ColumnElement[bool]:
    return view.allows(course_week.c.course_id)
