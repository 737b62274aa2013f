"""The pages: list of courses, one course, one lesson, definitions."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from analytics_pipeline.admin.answers.definitions import definitions
from analytics_pipeline.admin.api.parameters import Cursor, LessonIdx, Search
from analytics_pipeline.admin.dashboard.drawn import course_charts, lesson_charts
from analytics_pipeline.admin.dashboard.range_form import AskedRange
from analytics_pipeline.admin.dashboard.rendering import page
from analytics_pipeline.admin.dashboard.signing import SignedIn
from analytics_pipeline.admin.reading.course import known_days, read_course, read_funnels, read_lesson
from analytics_pipeline.admin.reading.courses import read_courses
from analytics_pipeline.admin.reading.signals import read_signals
from analytics_pipeline.admin.service import ServiceOf
from analytics_pipeline.admin.words import RULE_TITLES, biggest_drop_sentences
from analytics_pipeline.days import day_of

router = APIRouter(include_in_schema=False)

PAGE_LENGTH = 25
# Yesterday is complete once the night's run has ended; a day more is given before the page complains.
DAYS_UNTIL_OLD = 2


@router.get("/")
def courses_page(
    service: ServiceOf, viewer: SignedIn, search: Search = "", cursor: Cursor = None
) -> HTMLResponse:
    """Courses, those that need attention first, and the open signals."""
    with service.view(viewer) as view:
        answer = read_courses(view, search=search, cursor=cursor, limit=PAGE_LENGTH)
        open_signals = read_signals(view, limit=5)
    return page(
        "courses.html",
        answer=answer,
        signals=open_signals.signals,
        rule_titles=RULE_TITLES,
        search=search,
        cursor=cursor,
        days_old=_days_old(answer.provenance.complete_through, service.rules.zone),
    )


@router.get("/course/{course_id:path}/lesson/{lesson_idx}")
def lesson_page(
    service: ServiceOf, viewer: SignedIn, course_id: str, lesson_idx: LessonIdx, asked: AskedRange
) -> HTMLResponse:
    """One lesson."""
    with service.view(viewer) as view:
        published = known_days(view, course_id)
        answer = read_lesson(view, course_id, lesson_idx, asked.asked)
        signals = read_signals(view, course_id=course_id).signals
    return page(
        "lesson.html",
        course=answer,
        lesson=answer.lesson,
        signals=[signal for signal in signals if signal.lesson_idx == lesson_idx],
        asked=asked,
        published=published,
        drawn=lesson_charts(answer),
        rule_titles=RULE_TITLES,
        days_old=_days_old(answer.provenance.complete_through, service.rules.zone),
    )


@router.get("/course/{course_id:path}")
def course_page(service: ServiceOf, viewer: SignedIn, course_id: str, asked: AskedRange) -> HTMLResponse:
    """One course."""
    with service.view(viewer) as view:
        published = known_days(view, course_id)
        course = read_course(view, course_id, asked.asked)
        funnels = read_funnels(view, course_id, asked.asked)
        signals = read_signals(view, course_id=course_id).signals
    return page(
        "course.html",
        course=course,
        funnels=funnels,
        signals=signals,
        asked=asked,
        quiet_days=service.rules.quiet_days,
        published=published,
        drawn=course_charts(course),
        rule_titles=RULE_TITLES,
        biggest=biggest_drop_sentences(course.biggest_drop) if course.biggest_drop else None,
        days_old=_days_old(course.provenance.complete_through, service.rules.zone),
    )


@router.get("/definitions")
def definitions_page(_: SignedIn) -> HTMLResponse:
    """What every number means."""
    return page("definitions.html", definitions=definitions().definitions)


def _days_old(complete: date | None, zone: ZoneInfo) -> int | None:
    """How many days the numbers are behind, where that is more than it should be."""
    if complete is None:
        return None
    age = (day_of(datetime.now(UTC), zone) - complete).days
    return age if age > DAYS_UNTIL_OLD else None
