"""The first page: what needs attention, the key numbers of all courses, and the list of courses."""

from datetime import UTC, datetime
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from analytics_pipeline.admin.answers.courses import CourseOrder
from analytics_pipeline.admin.api.parameters import Cursor, Search
from analytics_pipeline.admin.dashboard.notices import read_notices
from analytics_pipeline.admin.dashboard.range_form import AskedRange
from analytics_pipeline.admin.dashboard.rendering import page
from analytics_pipeline.admin.dashboard.signing import SignedIn
from analytics_pipeline.admin.dashboard.site_numbers import read_site
from analytics_pipeline.admin.dashboard.terms import glossary
from analytics_pipeline.admin.reading.courses import read_courses
from analytics_pipeline.admin.reading.signals import SignalStatus, read_signals
from analytics_pipeline.admin.service import ServiceOf
from analytics_pipeline.admin.words import RULE_TITLES

router = APIRouter(include_in_schema=False)

PAGE_LENGTH = 25
SIGNALS_SHOWN = 5


@router.get("/")
def courses_page(
    service: ServiceOf,
    viewer: SignedIn,
    asked: AskedRange,
    *,
    search: Search = "",
    sort: CourseOrder = "attention",
    cursor: Cursor = None,
) -> HTMLResponse:
    """Courses, those that need attention first, and the open signals."""
    with service.view(viewer) as view:
        answer = read_courses(view, asked.asked, search=search, sort=sort, cursor=cursor, limit=PAGE_LENGTH)
        site = read_site(view, answer.range.cohort_days)
        signals = read_signals(view, limit=SIGNALS_SHOWN).signals
        notices = read_notices(view, answer.provenance, datetime.now(UTC))

    def address(changes: dict[str, str | None]) -> str:
        """This list, with some of its parameters changed; it begins anew unless a cursor is among them."""
        known = {"search": search or None, "sort": sort, "range": asked.preset} | changes
        return "/?" + urlencode({name: value for name, value in known.items() if value is not None})

    return page(
        "courses.html",
        answer=answer,
        site=site,
        comparison=site.comparison,
        terms=glossary(service.rules),
        signals=signals,
        rule_titles=RULE_TITLES,
        asked=asked,
        search=search,
        sort=sort,
        cursor=cursor,
        address=address,
        notices=notices,
    )


@router.get("/signals")
def signals_page(
    service: ServiceOf, viewer: SignedIn, status: SignalStatus = "open", cursor: Cursor = None
) -> HTMLResponse:
    """Every finding, open or resolved."""
    with service.view(viewer) as view:
        answer = read_signals(view, status=status, cursor=cursor, limit=PAGE_LENGTH)
        notices = read_notices(view, answer.provenance, datetime.now(UTC))
    return page(
        "signals_page.html",
        answer=answer,
        which=status,
        cursor=cursor,
        rule_titles=RULE_TITLES,
        notices=notices,
    )
