"""Which charts a page has: each for wide and for narrow screens, None where there is nothing to draw."""

from collections.abc import Callable

from analytics_pipeline.admin.answers.course import CourseAnswer
from analytics_pipeline.admin.answers.lesson import LessonAnswer
from analytics_pipeline.admin.dashboard.charts.activity import DayPoint, daily_chart, hours_chart, time_chart
from analytics_pipeline.admin.dashboard.charts.drop_off import drop_off_chart
from analytics_pipeline.admin.dashboard.charts.parts import NARROW, WIDE, Spec

Drawn = dict[str, tuple[Spec, Spec] | None]


def course_charts(course: CourseAnswer) -> Drawn:
    """Drop-off, daily activity and time per lesson."""
    worst = course.biggest_drop.lesson_idx if course.biggest_drop else None
    days = [DayPoint(day.day, day.learners, day.views, day.provisional) for day in course.daily]
    return {
        "drop_off": _both(
            lambda width: drop_off_chart(course.lessons, worst, width),
            wanted=any(lesson.reach for lesson in course.lessons),
        ),
        "daily": _daily(days),
        "time": _both(
            lambda width: time_chart(course.lessons, width),
            wanted=any(lesson.time.median_ms is not None for lesson in course.lessons),
        ),
    }


def lesson_charts(answer: LessonAnswer) -> Drawn:
    """Daily activity and the hours of the day."""
    days = [DayPoint(day.day, day.viewers, day.views, day.provisional) for day in answer.daily]
    hours = answer.views_by_hour or []
    return {
        "daily": _daily(days),
        # The 25th hour exists on one day of the year; on all others it would be an empty bar.
        "hours": _both(
            lambda width: hours_chart(hours if hours[24] else hours[:24], width), wanted=any(hours)
        ),
    }


def _daily(days: list[DayPoint]) -> tuple[Spec, Spec] | None:
    return _both(lambda width: daily_chart(days, width), wanted=any(day.learners for day in days))


def _both(chart: Callable[[int], Spec], *, wanted: bool) -> tuple[Spec, Spec] | None:
    return (chart(WIDE), chart(NARROW)) if wanted else None
