"""What the page of a course shows besides the API's answers about it."""

from typing import Any

from analytics_pipeline.admin.answers.base import DaySpan
from analytics_pipeline.admin.answers.course import CourseAnswer
from analytics_pipeline.admin.answers.progress import progress
from analytics_pipeline.admin.answers.refunds import refunds
from analytics_pipeline.admin.dashboard.comparison import NOTHING, compare_course
from analytics_pipeline.admin.dashboard.revised import read_course_revisions
from analytics_pipeline.admin.dashboard.terms import glossary
from analytics_pipeline.admin.reading.progress import read_progress
from analytics_pipeline.admin.reading.refunds import read_refunds
from analytics_pipeline.admin.reading.signals import read_signals
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.days import DayRange

CONTENTS = {
    "signals": "Attention",
    "numbers": "Key numbers",
    "drop-off": "Where learners stop",
    "daily": "Activity",
    "time": "Time",
    "quizzes": "Quizzes",
    "funnels": "Funnels",
    "refunds": "Refunds",
    "changed": "Changes",
}


def more_of_course(view: View, course: CourseAnswer, published: DayRange) -> dict[str, Any]:
    """Signals, changes against the period before, progress, refunds and revisions of the answer's days."""
    rules, course_id, k = view.rules, course.course_id, view.rules.min_cell
    days, cohort_days = _range(course.range.days), _range(course.range.cohort_days)
    values: dict[str, Any] = {
        "contents": CONTENTS.items(),
        "terms": glossary(rules),
        "quiet_days": rules.quiet_days,
        "refund_window_days": rules.refund_window_days,
        "zone": rules.zone,
        "signals": read_signals(view, course_id=course_id).signals,
        "resolved": read_signals(view, status="resolved", course_id=course_id, limit=20).signals,
    }
    if days is None or cohort_days is None:
        empty = progress([], enrolled=0, progress_sum=None, min_cell=k)
        return values | {
            "comparison": NOTHING,
            "progress": empty,
            "refunds": refunds([], k),
            "revisions": [],
        }
    return values | {
        "comparison": compare_course(
            view,
            course_id,
            days,
            cohort_days,
            published=published,
            complete_through=course.provenance.complete_through,
        ),
        "progress": read_progress(view, course_id, cohort_days),
        "refunds": read_refunds(view, course_id, cohort_days),
        "revisions": read_course_revisions(view, course_id, cohort_days),
    }


def _range(span: DaySpan | None) -> DayRange | None:
    return None if span is None else DayRange(span.first, span.last)
