"""The routes of the admin API: aggregates only, for holders of a token."""

from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from analytics_pipeline.admin.answers.base import Answer
from analytics_pipeline.admin.answers.course import CourseAnswer
from analytics_pipeline.admin.answers.definitions import DefinitionsAnswer, definitions
from analytics_pipeline.admin.answers.funnel import FunnelAnswer
from analytics_pipeline.admin.answers.lesson import LessonAnswer
from analytics_pipeline.admin.auth.access import TokenId
from analytics_pipeline.admin.problems import Problem
from analytics_pipeline.admin.reading.course import read_course, read_funnels, read_lesson
from analytics_pipeline.admin.reading.courses import CoursesAnswer, read_courses
from analytics_pipeline.admin.reading.runs import RunsAnswer, read_runs
from analytics_pipeline.admin.reading.signals import SignalsAnswer, SignalStatus, read_signals
from analytics_pipeline.admin.service import ServiceOf
from analytics_pipeline.audit.job_run import RunStatus, Trigger

FIRST, LAST = date(2000, 1, 1), date(2100, 12, 31)

From = Annotated[
    date | None, Query(alias="from", ge=FIRST, le=LAST, description="First day; the course's first if unset.")
]
To = Annotated[
    date | None, Query(alias="to", ge=FIRST, le=LAST, description="Last day; the course's last if unset.")
]
Cursor = Annotated[str | None, Query(max_length=2000, description="`nextCursor` of the page before.")]
CourseFilter = Annotated[str | None, Query(alias="courseId", max_length=200, pattern=r"^[^\x00]*$")]
RuleFilter = Annotated[str | None, Query(max_length=100, pattern=r"^[a-z_]*$")]
RunStatuses = Annotated[Sequence[RunStatus], Query(max_length=10, description="Only these; all if unset.")]
Triggers = Annotated[Sequence[Trigger], Query(max_length=10, description="Only these; all if unset.")]
Search = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$", description="Part of the course's id.")]
LessonIdx = Annotated[int, Path(ge=0, le=100_000, description="Lesson, counted from 0.")]
Limit = Annotated[int, Query(ge=1, le=500)]

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": description}
    for status, description in (
        (401, "No token, or one that is unknown, revoked or expired"),
        (422, "A parameter cannot be used"),
        (429, "Too many requests; wait for Retry-After seconds"),
        (503, "The database is away; ask again after Retry-After seconds"),
    )
}
UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "Unknown course"}}

router = APIRouter(prefix="/api/admin/analytics", tags=["analytics"], responses=PROBLEMS)


def _answer(request: Request, answer: Answer) -> Response:
    """The answer as JSON with an ETag, so that asking again before the next publication costs little."""
    body = answer.model_dump_json(by_alias=True).encode()
    headers = {"ETag": f'"{sha256(body).hexdigest()[:32]}"', "Cache-Control": "private, no-cache"}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@router.get("/courses", response_model=CoursesAnswer)
def courses(
    request: Request,
    service: ServiceOf,
    _: TokenId,
    search: Search = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Courses, those with open signals first."""
    with service.reader.snapshot() as connection:
        answer = read_courses(connection, service.rules, search=search, cursor=cursor, limit=limit)
    return _answer(request, answer)


@router.get(
    "/course/{course_id:path}/lesson/{lesson_idx}",
    response_model=LessonAnswer,
    responses={404: {"model": Problem, "description": "Unknown course or lesson"}},
)
def lesson(
    request: Request,
    service: ServiceOf,
    _: TokenId,
    course_id: str,
    lesson_idx: LessonIdx,
    *,
    first: From = None,
    last: To = None,
) -> Response:
    """One lesson: drop-off and time, day by day, hour by hour, its quizzes."""
    with service.reader.snapshot() as connection:
        answer = read_lesson(connection, course_id, lesson_idx, service.rules, first=first, last=last)
    return _answer(request, answer)


@router.get("/course/{course_id:path}", response_model=CourseAnswer, responses=UNKNOWN)
def course(
    request: Request, service: ServiceOf, _: TokenId, course_id: str, first: From = None, last: To = None
) -> Response:
    """Overview, daily series, lessons with drop-off and time, quizzes."""
    with service.reader.snapshot() as connection:
        answer = read_course(connection, course_id, first, last, service.rules)
    return _answer(request, answer)


@router.get("/funnel/{course_id:path}", response_model=FunnelAnswer, responses=UNKNOWN)
def funnel(
    request: Request, service: ServiceOf, _: TokenId, course_id: str, first: From = None, last: To = None
) -> Response:
    """The funnels discovery, completion and purchase."""
    with service.reader.snapshot() as connection:
        answer = read_funnels(connection, course_id, first, last, service.rules)
    return _answer(request, answer)


@router.get("/signals", response_model=SignalsAnswer)
def signals(
    request: Request,
    service: ServiceOf,
    _: TokenId,
    *,
    status: SignalStatus = "open",
    course_id: CourseFilter = None,
    rule: RuleFilter = None,
    first: From = None,
    last: To = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Signals whose life touches the range; open ones unless asked otherwise."""
    with service.reader.snapshot() as connection:
        answer = read_signals(
            connection,
            service.rules,
            status=status,
            course_id=course_id,
            rule=rule,
            first=first,
            last=last,
            cursor=cursor,
            limit=limit,
        )
    return _answer(request, answer)


@router.get("/runs", response_model=RunsAnswer)
def runs(
    request: Request,
    service: ServiceOf,
    _: TokenId,
    *,
    status: RunStatuses = (),
    trigger: Triggers = (),
    first: From = None,
    last: To = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Runs and skipped nights that were asked for on these days, the newest first."""
    with service.reader.snapshot() as connection:
        answer = read_runs(
            connection,
            service.rules,
            status=status,
            trigger=trigger,
            first=first,
            last=last,
            cursor=cursor,
            limit=limit,
        )
    return _answer(request, answer)


@router.get("/definitions", response_model=DefinitionsAnswer)
def metric_definitions(request: Request, _: TokenId) -> Response:
    """What every published table and number means."""
    return _answer(request, definitions())
