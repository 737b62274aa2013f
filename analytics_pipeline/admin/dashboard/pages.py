"""The pages: list of courses, one course, one lesson, definitions."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from analytics_pipeline.admin.answers.definitions import definitions
from analytics_pipeline.admin.api.routes import Cursor, LessonIdx, Search
from analytics_pipeline.admin.dashboard.drawn import course_charts, lesson_charts
from analytics_pipeline.admin.dashboard.range_form import AskedRange
from analytics_pipeline.admin.dashboard.rendering import page
from analytics_pipeline.admin.dashboard.signing import SignedIn
from analytics_pipeline.admin.reading.course import known_days, read_course, read_funnels, read_lesson
from analytics_pipeline.admin.reading.courses import read_courses
from analytics_pipeline.admin.reading.provenance import complete_through
from analytics_pipeline.admin.reading.queries import as_of
from analytics_pipeline.admin.reading.signals import read_signals
from analytics_pipeline.admin.service import ServiceOf
from analytics_pipeline.admin.words import RULE_TITLES, biggest_drop_sentences
from analytics_pipeline.days import DayRange, day_of

router = APIRouter(include_in_schema=False)

PAGE_LENGTH = 25
# Yesterday is complete once the night's run has ended; a day more is given before the page complains.
DAYS_UNTIL_OLD = 2


@router.get("/")
def courses_page(service: ServiceOf, _: SignedIn, search: Search = "", cursor: Cursor = None) -> HTMLResponse:
    """Courses, those that need attention first, and the open signals."""
    with service.reader.snapshot() as connection:
        answer = read_courses(connection, service.rules, search=search, cursor=cursor, limit=PAGE_LENGTH)
        open_signals = read_signals(connection, service.rules, limit=5)
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
    service: ServiceOf, _: SignedIn, course_id: str, lesson_idx: LessonIdx, asked: AskedRange
) -> HTMLResponse:
    """One lesson."""
    rules = service.rules
    with service.reader.snapshot() as connection:
        published, complete = _bounds(connection, course_id, rules.zone)
        first, last = asked.days(published, complete)
        answer = read_lesson(connection, course_id, lesson_idx, rules, first=first, last=last)
        signals = read_signals(connection, rules, course_id=course_id).signals
    return page(
        "lesson.html",
        course=answer,
        lesson=answer.lesson,
        signals=[signal for signal in signals if signal.lesson_idx == lesson_idx],
        asked=asked,
        published=published,
        drawn=lesson_charts(answer),
        rule_titles=RULE_TITLES,
        days_old=_days_old(complete, rules.zone),
    )


@router.get("/course/{course_id:path}")
def course_page(service: ServiceOf, _: SignedIn, course_id: str, asked: AskedRange) -> HTMLResponse:
    """One course."""
    rules = service.rules
    with service.reader.snapshot() as connection:
        published, complete = _bounds(connection, course_id, rules.zone)
        first, last = asked.days(published, complete)
        course = read_course(connection, course_id, first, last, rules)
        funnels = read_funnels(connection, course_id, first, last, rules)
        signals = read_signals(connection, rules, course_id=course_id).signals
    return page(
        "course.html",
        course=course,
        funnels=funnels,
        signals=signals,
        asked=asked,
        quiet_days=rules.quiet_days,
        published=published,
        drawn=course_charts(course),
        rule_titles=RULE_TITLES,
        biggest=biggest_drop_sentences(course.biggest_drop) if course.biggest_drop else None,
        days_old=_days_old(complete, rules.zone),
    )


@router.get("/definitions")
def definitions_page(_: SignedIn) -> HTMLResponse:
    """What every number means."""
    return page("definitions.html", definitions=definitions().definitions)


def _bounds(connection: Connection, course_id: str, zone: ZoneInfo) -> tuple[DayRange, date | None]:
    """The days of a known course, and the last complete one."""
    return known_days(connection, course_id), complete_through(as_of(connection, course_id), zone)


def _days_old(complete: date | None, zone: ZoneInfo) -> int | None:
    """How many days the numbers are behind, where that is more than it should be."""
    if complete is None:
        return None
    age = (day_of(datetime.now(UTC), zone) - complete).days
    return age if age > DAYS_UNTIL_OLD else None
