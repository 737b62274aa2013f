"""The pages of one course, of one lesson, and of the definitions."""

from datetime import UTC, datetime

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from analytics_pipeline.admin.answers.course import CourseAnswer
from analytics_pipeline.admin.answers.definitions import definitions
from analytics_pipeline.admin.api.parameters import LessonIdx
from analytics_pipeline.admin.dashboard.comparison import NOTHING
from analytics_pipeline.admin.dashboard.course_page import more_of_course
from analytics_pipeline.admin.dashboard.drawn import course_charts, lesson_charts
from analytics_pipeline.admin.dashboard.notices import read_notices
from analytics_pipeline.admin.dashboard.range_form import AskedRange
from analytics_pipeline.admin.dashboard.rendering import page
from analytics_pipeline.admin.dashboard.signing import SignedIn
from analytics_pipeline.admin.dashboard.terms import glossary
from analytics_pipeline.admin.reading.course import known_days, read_course, read_funnels, read_lesson
from analytics_pipeline.admin.reading.signals import read_signals
from analytics_pipeline.admin.service import ServiceOf
from analytics_pipeline.admin.words import RULE_TITLES, biggest_drop_sentences

router = APIRouter(include_in_schema=False)


@router.get("/course/{course_id:path}/lesson/{lesson_idx}")
def lesson_page(
    service: ServiceOf, viewer: SignedIn, course_id: str, lesson_idx: LessonIdx, asked: AskedRange
) -> HTMLResponse:
    """One lesson."""
    with service.view(viewer) as view:
        published = known_days(view, course_id)
        answer = read_lesson(view, course_id, lesson_idx, asked.asked)
        signals = read_signals(view, course_id=course_id).signals
        notices = read_notices(view, answer.provenance, datetime.now(UTC))
    return page(
        "lesson.html",
        course=answer,
        lesson=answer.lesson,
        terms=glossary(service.rules),
        comparison=NOTHING,
        signals=[signal for signal in signals if signal.lesson_idx == lesson_idx],
        asked=asked,
        published=published,
        drawn=lesson_charts(answer),
        rule_titles=RULE_TITLES,
        notices=notices,
    )


@router.get("/course/{course_id:path}")
def course_page(service: ServiceOf, viewer: SignedIn, course_id: str, asked: AskedRange) -> HTMLResponse:
    """One course."""
    with service.view(viewer) as view:
        published = known_days(view, course_id)
        course = read_course(view, course_id, asked.asked)
        funnels = read_funnels(view, course_id, asked.asked)
        more = more_of_course(view, course, published)
        notices = read_notices(view, course.provenance, datetime.now(UTC))
    return page(
        "course.html",
        course=course,
        funnels=funnels,
        **more,
        asked=asked,
        published=published,
        drawn=course_charts(course),
        rule_titles=RULE_TITLES,
        biggest=_biggest_drop(course),
        notices=notices,
    )


def _biggest_drop(course: CourseAnswer) -> tuple[str, str] | None:
    if course.biggest_drop is None:
        return None
    titles = {lesson.lesson_idx: lesson.lesson_title for lesson in course.lessons}
    return biggest_drop_sentences(course.biggest_drop, titles[course.biggest_drop.lesson_idx])


@router.get("/definitions")
def definitions_page(service: ServiceOf, _: SignedIn) -> HTMLResponse:
    """What every number means."""
    return page(
        "definitions.html", definitions=definitions().definitions, terms=glossary(service.rules).values()
    )
