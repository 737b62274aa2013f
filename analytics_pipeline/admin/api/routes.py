"""The routes of the admin API: aggregates only, for holders of a token."""

from fastapi import APIRouter, Response

from analytics_pipeline.admin.answers.course import CourseAnswer
from analytics_pipeline.admin.answers.courses import CoursesAnswer
from analytics_pipeline.admin.answers.definitions import DefinitionsAnswer, definitions
from analytics_pipeline.admin.answers.funnel import FunnelAnswer
from analytics_pipeline.admin.answers.lesson import LessonAnswer
from analytics_pipeline.admin.api.asking import AskingOf
from analytics_pipeline.admin.api.documents import PROBLEMS, UNKNOWN
from analytics_pipeline.admin.api.parameters import (
    AskedDays,
    CourseFilter,
    Currency,
    Cursor,
    LessonIdx,
    Limit,
    RuleFilter,
    RunStatuses,
    Search,
    Sort,
    TableFilter,
    Triggers,
)
from analytics_pipeline.admin.reading.course import read_course, read_funnels, read_lesson
from analytics_pipeline.admin.reading.courses import read_courses
from analytics_pipeline.admin.reading.revisions import RevisionsAnswer, read_revisions
from analytics_pipeline.admin.reading.runs import RunsAnswer, read_runs
from analytics_pipeline.admin.reading.signals import SignalsAnswer, SignalStatus, read_signals

PREFIX = "/api/admin/analytics"

router = APIRouter(prefix=PREFIX, tags=["analytics"], responses=PROBLEMS)


@router.get("/courses", response_model=CoursesAnswer)
def courses(
    asking: AskingOf,
    asked: AskedDays,
    *,
    search: Search = "",
    sort: Sort = "attention",
    currency: Currency = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Courses, those with open signals first unless asked otherwise."""
    return asking.answer(
        lambda view: read_courses(
            view, asked, search=search, sort=sort, currency=currency, cursor=cursor, limit=limit
        )
    )


@router.get(
    "/course/{course_id:path}/lesson/{lesson_idx}",
    response_model=LessonAnswer,
    responses=UNKNOWN,
)
def lesson(asking: AskingOf, course_id: str, lesson_idx: LessonIdx, asked: AskedDays) -> Response:
    """One lesson: drop-off and time, day by day, hour by hour, its quizzes."""
    return asking.answer(lambda view: read_lesson(view, course_id, lesson_idx, asked))


@router.get("/course/{course_id:path}", response_model=CourseAnswer, responses=UNKNOWN)
def course(asking: AskingOf, course_id: str, asked: AskedDays) -> Response:
    """Overview, daily series, lessons with drop-off and time, quizzes."""
    return asking.answer(lambda view: read_course(view, course_id, asked))


@router.get("/funnel/{course_id:path}", response_model=FunnelAnswer, responses=UNKNOWN)
def funnel(asking: AskingOf, course_id: str, asked: AskedDays) -> Response:
    """The funnels discovery, completion and purchase."""
    return asking.answer(lambda view: read_funnels(view, course_id, asked))


@router.get("/signals", response_model=SignalsAnswer)
def signals(
    asking: AskingOf,
    asked: AskedDays,
    *,
    status: SignalStatus = "open",
    course_id: CourseFilter = None,
    rule: RuleFilter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Signals whose life touches the range; open ones unless asked otherwise."""
    return asking.answer(
        lambda view: read_signals(
            view, asked, status=status, course_id=course_id, rule=rule, cursor=cursor, limit=limit
        )
    )


@router.get("/runs", response_model=RunsAnswer)
def runs(
    asking: AskingOf,
    asked: AskedDays,
    *,
    status: RunStatuses = (),
    trigger: Triggers = (),
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Runs and skipped nights that were asked for on these days, the newest first."""
    return asking.answer(
        lambda view: read_runs(view, asked, status=status, trigger=trigger, cursor=cursor, limit=limit),
        until_published=False,
    )


@router.get("/revisions", response_model=RevisionsAnswer)
def revisions(
    asking: AskingOf,
    asked: AskedDays,
    *,
    course_id: CourseFilter = None,
    table: TableFilter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Published numbers that changed later, on these days, the newest first."""
    return asking.answer(
        lambda view: read_revisions(view, asked, course_id=course_id, table=table, cursor=cursor, limit=limit)
    )


@router.get("/definitions", response_model=DefinitionsAnswer)
def metric_definitions(asking: AskingOf, _: AskedDays) -> Response:
    """What every published table and number means."""
    return asking.answer(lambda _: definitions())
