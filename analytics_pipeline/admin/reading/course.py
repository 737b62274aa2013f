"""Puts the answers about one course together: reads sums and lets the pure parts decide."""

from analytics_pipeline.admin.answers.base import effective_range
from analytics_pipeline.admin.answers.course import (
    CourseAnswer,
    Lesson,
    Overview,
    activity,
    daily_series,
    quiz,
)
from analytics_pipeline.admin.answers.dropoff import LessonCounts, LessonDropOff, biggest_drop, drop_off
from analytics_pipeline.admin.answers.funnel import FUNNEL_STEPS, FunnelAnswer, funnel
from analytics_pipeline.admin.answers.lesson import LessonAnswer, lesson_days, views_by_hour
from analytics_pipeline.admin.answers.ranges import Asked, Selection, select
from analytics_pipeline.admin.answers.rates import count
from analytics_pipeline.admin.answers.times import lesson_time
from analytics_pipeline.admin.reading import queries
from analytics_pipeline.admin.reading.lessons import (
    ACTIVITY,
    has_lesson,
    lesson_activity,
    lesson_counts,
    lesson_rows,
)
from analytics_pipeline.admin.reading.provenance import provenance_of
from analytics_pipeline.admin.reading.titles import Titles, read_titles
from analytics_pipeline.admin.reading.view import Row, View
from analytics_pipeline.days import DayRange


class UnknownCourseError(Exception):
    """No event of the course has been published."""

    def __init__(self, course_id: str) -> None:
        super().__init__(f"No event of the course {course_id} has been published.")


class UnknownLessonError(Exception):
    """No event of the lesson has been published."""

    def __init__(self, course_id: str, lesson_idx: int) -> None:
        super().__init__(f"No event of lesson {lesson_idx} of the course {course_id} has been published.")


def known_days(view: View, course_id: str) -> DayRange:
    """The days of a known course, first to last; ForbiddenCourseError, UnknownCourseError."""
    view.check(course_id)
    days = queries.published_days(view.connection, course_id) if _is_text(course_id) else None
    if days is None:
        raise UnknownCourseError(course_id)
    return days


def read_course(view: View, course_id: str, asked: Asked) -> CourseAnswer:
    """The answer about one course; ForbiddenCourseError, UnknownCourseError."""
    connection, rules = view.connection, view.rules
    selection = _selection(view, course_id, asked)
    provenance = provenance_of(view, selection.days, course_id)
    daily = queries.daily_rows(connection, course_id, selection.days) if selection.days else []
    titles = read_titles(connection, course_id)
    lessons = list(_lessons(view, course_id, selection, titles).values())
    cohort_days = selection.cohort_days
    quizzes = queries.quiz_counts(connection, course_id, cohort_days) if cohort_days else []
    funnels = queries.funnel_counts(connection, course_id, cohort_days) if cohort_days else {}
    completion = funnel("completion", funnels.get("completion", {}), rules.min_cell)
    return CourseAnswer(
        course_id=course_id,
        course_title=titles.course,
        range=effective_range(selection),
        provenance=provenance,
        min_cell=rules.min_cell,
        overview=Overview(
            learners=lessons[0].reach if lessons else 0,
            enrolled=completion.entered,
            completion_so_far=completion.steps[0].so_far,
            completion_mature=completion.steps[0].mature,
            completion_open=completion.open,
            activity=activity(daily, rules.min_cell),
        ),
        daily=daily_series(daily, selection.days, provenance.complete_through, rules.min_cell),
        lessons=lessons,
        biggest_drop=biggest_drop(lessons),
        quizzes=[quiz(row, rules.min_cell) for row in quizzes],
    )


def read_funnels(view: View, course_id: str, asked: Asked) -> FunnelAnswer:
    """The funnels of one course; ForbiddenCourseError, UnknownCourseError."""
    rules = view.rules
    selection = _selection(view, course_id, asked)
    cohort_days = selection.cohort_days
    sums = queries.funnel_counts(view.connection, course_id, cohort_days) if cohort_days else {}
    return FunnelAnswer(
        course_id=course_id,
        course_title=read_titles(view.connection, course_id).course,
        range=effective_range(selection),
        provenance=provenance_of(view, selection.days, course_id),
        min_cell=rules.min_cell,
        window_days=queries.funnel_window(view.connection, course_id) or rules.window_days,
        funnels=[funnel(name, sums.get(name, {}), rules.min_cell) for name in FUNNEL_STEPS],
    )


def read_lesson(view: View, course_id: str, lesson_idx: int, asked: Asked) -> LessonAnswer:
    """The answer about one lesson; ForbiddenCourseError, UnknownCourseError, UnknownLessonError."""
    connection, rules = view.connection, view.rules
    selection = _selection(view, course_id, asked)
    if not has_lesson(connection, course_id, lesson_idx):
        raise UnknownLessonError(course_id, lesson_idx)
    days, cohort_days = selection.days, selection.cohort_days
    provenance = provenance_of(view, days, course_id)
    rows = lesson_rows(connection, course_id, lesson_idx, days) if days else []
    quizzes = queries.quiz_counts(connection, course_id, cohort_days) if cohort_days else []
    titles = read_titles(connection, course_id)
    return LessonAnswer(
        course_id=course_id,
        course_title=titles.course,
        lesson_idx=lesson_idx,
        lesson_title=titles.lessons.get(lesson_idx),
        range=effective_range(selection),
        provenance=provenance,
        min_cell=rules.min_cell,
        lesson=_lessons(view, course_id, selection, titles, only=lesson_idx)[lesson_idx],
        daily=lesson_days(rows, days, provenance.complete_through, rules.min_cell),
        views_by_hour=views_by_hour(rows, rules.min_cell),
        quizzes=[quiz(row, rules.min_cell) for row in quizzes if row["lesson_idx"] == lesson_idx],
    )


def _selection(view: View, course_id: str, asked: Asked) -> Selection:
    published = known_days(view, course_id)
    return select(asked, published, view.complete_through)


def _is_text(course_id: str) -> bool:
    """Whether the database can hold it: no NUL and no lone surrogate, both of which an address may carry."""
    return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in course_id)


def _lessons(
    view: View, course_id: str, selection: Selection, titles: Titles, only: int | None = None
) -> dict[int, Lesson]:
    """The lessons with activity in order; or the lesson `only`, whether it has any or not."""
    connection, min_cell = view.connection, view.rules.min_cell
    counts: list[LessonCounts] = []
    active: dict[int, Row] = {}
    if selection.days is not None and selection.cohort_days is not None:
        counts = lesson_counts(connection, course_id, selection.cohort_days)
        active = lesson_activity(connection, course_id, selection.days, only)
    # Learners of earlier cohorts may be active in lessons that nobody of these cohorts has come to.
    wanted = active.keys() if only is None else {only}
    seen = {lesson.lesson_idx for lesson in counts}
    counts += [LessonCounts(idx, 0, 0, 0, 0, 0) for idx in wanted - seen]
    return {
        lesson.lesson_idx: _lesson(
            lesson, titles.lessons.get(lesson.lesson_idx), active.get(lesson.lesson_idx), min_cell
        )
        for lesson in drop_off(counts, min_cell)
        if only is None or lesson.lesson_idx == only
    }


def _lesson(lesson: LessonDropOff, title: str | None, activity: Row | None, min_cell: int) -> Lesson:
    sums: Row = activity or {"active_ms_hist": {}, **dict.fromkeys(ACTIVITY, 0)}
    return Lesson(
        **dict(lesson),
        lesson_title=title,
        views=count(sums["views"], sums["viewers"], min_cell),
        time=lesson_time(
            sums["active_ms_hist"],
            measured=sums["measured_learners"],
            learner_days=sums["viewers"],
            active_ms_sum=sums["active_ms_sum"],
            min_cell=min_cell,
        ),
    )
