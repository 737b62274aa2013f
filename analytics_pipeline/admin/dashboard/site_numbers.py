"""The key numbers of all courses together, against as many weeks before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from sqlalchemy import Executable, func, select

from analytics_pipeline.admin.answers.base import DaySpan
from analytics_pipeline.admin.answers.rates import Rate, count, rate
from analytics_pipeline.admin.dashboard.changes import count_change, rate_change
from analytics_pipeline.admin.dashboard.comparison import NOTHING, Comparison
from analytics_pipeline.admin.dashboard.periods import compared_weeks
from analytics_pipeline.admin.reading.course_sums import sums_of_courses
from analytics_pipeline.admin.reading.queries import sums as total
from analytics_pipeline.admin.reading.view import View, allowed
from analytics_pipeline.database.tables import course_to_date, signal
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
    (signals,) = view.rows(_open_signals(is_restricted=view.is_restricted), {})
    if cohort_days is None:
        return SiteNumbers(
            _shown(dict.fromkeys(COUNTS, 0), view.rules.min_cell), **signals, comparison=NOTHING
        )
    weeks = DayRange(cohort_days.first, cohort_days.last)
    return SiteNumbers(_persons(view, weeks), **signals, comparison=_compare(view, weeks))


@cache
def _open_signals(*, is_restricted: bool) -> Executable:
    courses = func.count(signal.c.course_id.distinct())
    return select(func.count().label("open_signals"), courses.label("courses_with_signals")).where(
        signal.c.resolved_at.is_(None), allowed(signal.c.course_id, is_restricted=is_restricted)
    )


def _compare(view: View, weeks: DayRange) -> Comparison:
    (row,) = view.rows(_first_week(is_restricted=view.is_restricted), {})
    begun = row["week"]
    if begun is None:
        return NOTHING
    # The first week may have begun before the first course did.
    published = DayRange(begun + timedelta(days=7), max(begun + timedelta(days=7), weeks.last))
    periods = compared_weeks(weeks, published, view.complete_through)
    if periods is None:
        return NOTHING
    now, before = _persons(view, periods.now), _persons(view, periods.before)
    changes = {
        "learners": count_change(now.learners, before.learners),
        "enrolled": count_change(now.enrolled, before.enrolled),
        "completion": rate_change(now.completion, before.completion),
    }
    return Comparison(None, periods, {name: change for name, change in changes.items() if change})


@cache
def _first_week(*, is_restricted: bool) -> Executable:
    seen = allowed(course_to_date.c.course_id, is_restricted=is_restricted)
    return select(func.min(course_to_date.c.week).label("week")).where(seen)


def _persons(view: View, weeks: DayRange) -> Persons:
    values = {"last_week": weeks.last, "week_before": weeks.first - timedelta(days=1)}
    (totals,) = view.rows(_totals(is_restricted=view.is_restricted), values)
    return _shown(totals, view.rules.min_cell)


@cache
def _totals(*, is_restricted: bool) -> Executable:
    sums = sums_of_courses(published=False).subquery()
    return select(*total(sums, COUNTS)).where(allowed(sums.c.course_id, is_restricted=is_restricted))


def _shown(sums: Mapping[str, int], min_cell: int) -> Persons:
    learners, enrolled = sums["learners"], sums["enrolled"]
    return Persons(
        count(learners, learners, min_cell),
        count(enrolled, enrolled, min_cell),
        rate(sums["mature_completed"], sums["mature"], min_cell),
    )
