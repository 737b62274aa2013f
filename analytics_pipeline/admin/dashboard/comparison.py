"""The key numbers of a course against the period before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from analytics_pipeline.admin.answers.course import ACTIVITY, activity
from analytics_pipeline.admin.answers.funnel import funnel
from analytics_pipeline.admin.answers.rates import Rate, count
from analytics_pipeline.admin.dashboard.changes import Change, count_change, rate_change
from analytics_pipeline.admin.dashboard.periods import Periods, compared_days, compared_weeks
from analytics_pipeline.admin.reading import queries
from analytics_pipeline.admin.reading.lessons import lesson_counts
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.days import DayRange


@dataclass(frozen=True)
class Comparison:
    """What has changed, by the name of the number; a number that cannot be compared is not in it."""

    days: Periods | None
    weeks: Periods | None
    changes: Mapping[str, Change]


NOTHING = Comparison(None, None, {})


def compare_course(
    view: View,
    course_id: str,
    days: DayRange,
    cohort_days: DayRange,
    *,
    published: DayRange,
    complete_through: date | None,
) -> Comparison:
    """Activity by days and persons by weeks, each against as many right before.

    Completion is compared among those only whose window is over. What is so far (progress, finished, open) is
    not compared: earlier learners have had more time.
    """
    by_days = compared_days(days, published, complete_through)
    by_weeks = compared_weeks(cohort_days, published, complete_through)
    changes: dict[str, Change | None] = {}
    if by_days is not None:
        now, before = (_activity(view, course_id, one) for one in (by_days.now, by_days.before))
        changes |= {name: count_change(now[name], before[name]) for name in ACTIVITY}
    if by_weeks is not None:
        persons = [_persons(view, course_id, one) for one in (by_weeks.now, by_weeks.before)]
        changes["learners"] = count_change(*(one.learners for one in persons))
        changes["enrolled"] = count_change(*(one.enrolled for one in persons))
        changes["completion"] = rate_change(*(one.completion for one in persons))
    return Comparison(by_days, by_weeks, {name: change for name, change in changes.items() if change})


@dataclass(frozen=True)
class _Persons:
    learners: int | None
    enrolled: int | None
    completion: Rate


def _activity(view: View, course_id: str, days: DayRange) -> dict[str, int | None]:
    return dict(activity(queries.daily_rows(view.connection, course_id, days), view.rules.min_cell))


def _persons(view: View, course_id: str, weeks: DayRange) -> _Persons:
    min_cell = view.rules.min_cell
    lessons = lesson_counts(view.connection, course_id, weeks)
    began = sum(lesson.stopped + lesson.active + lesson.finished for lesson in lessons)
    sums = queries.funnel_counts(view.connection, course_id, weeks).get("completion", {})
    completion = funnel("completion", sums, min_cell)
    return _Persons(count(began, began, min_cell), completion.entered, completion.steps[0].mature)
