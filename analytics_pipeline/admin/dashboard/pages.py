"""The pages: list of courses, one course, definitions."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from analytics_pipeline.admin.api import FIRST, LAST, Cursor, Search
from analytics_pipeline.admin.course import CourseAnswer
from analytics_pipeline.admin.courses import read_courses
from analytics_pipeline.admin.dashboard import charts
from analytics_pipeline.admin.dashboard.rendering import page
from analytics_pipeline.admin.dashboard.signing import SignedIn
from analytics_pipeline.admin.definitions import definitions
from analytics_pipeline.admin.provenance import complete_through
from analytics_pipeline.admin.queries import as_of
from analytics_pipeline.admin.ranges import WrongRangeError, last_days
from analytics_pipeline.admin.reading import known_days, read_course, read_funnels
from analytics_pipeline.admin.service import ServiceOf
from analytics_pipeline.admin.signals import read_signals
from analytics_pipeline.admin.words import RULE_TITLES, biggest_drop_sentences
from analytics_pipeline.days import day_of

router = APIRouter(include_in_schema=False)

PAGE_LENGTH = 25
PRESETS = {"7": 7, "30": 30, "90": 90}
WIDE, NARROW = 700, 300
# Yesterday is complete once the night's run has ended; a day more is given before the page complains.
DAYS_UNTIL_OLD = 2

Preset = Literal["7", "30", "90", "all", "custom"]


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


@router.get("/course/{course_id:path}")
def course_page(
    service: ServiceOf,
    _: SignedIn,
    course_id: str,
    preset: Annotated[Preset, Query(alias="range")] = "90",
    first: Annotated[str, Query(alias="from", max_length=10)] = "",
    last: Annotated[str, Query(alias="to", max_length=10)] = "",
) -> HTMLResponse:
    """One course over the last 7, 30 or 90 days, all days, or (`custom`) the days of the form."""
    asked = (_form_day(first), _form_day(last)) if preset == "custom" else (None, None)
    rules = service.rules
    with service.reader.snapshot() as connection:
        published = known_days(connection, course_id)
        complete = complete_through(as_of(connection, course_id), rules.zone)
        if preset in PRESETS:
            days = last_days(PRESETS[preset], min(published.last, complete or published.last))
            asked = (days.first, days.last)
        course = read_course(connection, course_id, *asked, rules)
        funnels = read_funnels(connection, course_id, *asked, rules)
        signals = read_signals(connection, rules, course_id=course_id).signals
    return page(
        "course.html",
        course=course,
        funnels=funnels,
        signals=signals,
        preset=preset,
        quiet_days=rules.quiet_days,
        published=published,
        drawn=_charts(course),
        rule_titles=RULE_TITLES,
        biggest=biggest_drop_sentences(course.biggest_drop) if course.biggest_drop else None,
        days_old=_days_old(complete, rules.zone),
    )


@router.get("/definitions")
def definitions_page(_: SignedIn) -> HTMLResponse:
    """What every number means."""
    return page("definitions.html", definitions=definitions().definitions)


def _form_day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not FIRST <= day <= LAST:
        raise WrongRangeError(f"{text} is no day between {FIRST} and {LAST}; write for example 2026-03-31.")
    return day


def _days_old(complete: date | None, zone: ZoneInfo) -> int | None:
    """How many days the numbers are behind, where that is more than it should be."""
    if complete is None:
        return None
    age = (day_of(datetime.now(UTC), zone) - complete).days
    return age if age > DAYS_UNTIL_OLD else None


def _charts(course: CourseAnswer) -> dict[str, list[charts.Spec] | None]:
    """Each chart for wide and for narrow screens; None where there is nothing to draw."""
    worst = course.biggest_drop.lesson_idx if course.biggest_drop else None
    widths = (WIDE, NARROW)
    drawn: dict[str, list[charts.Spec] | None] = dict.fromkeys(("drop_off", "daily", "time"))
    if any(lesson.reach for lesson in course.lessons):
        drawn["drop_off"] = [charts.drop_off_chart(course.lessons, worst, width) for width in widths]
    if any(day.learners for day in course.daily):
        drawn["daily"] = [charts.daily_chart(course.daily, width) for width in widths]
    if any(lesson.time.median_ms is not None for lesson in course.lessons):
        drawn["time"] = [charts.time_chart(course.lessons, width) for width in widths]
    return drawn
