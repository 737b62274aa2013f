"""xAPI statements about videos (one JSON statement a line), read as wire events.

`initialized` and `played` become lesson_viewed, `completed` becomes lesson_completed. The parent activity is
the course; a video is a lesson, numbered in its course by its first use: the earliest statement of any verb,
by timestamp, then id. So the order of the lines makes no difference.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from analytics_pipeline.events import EventType
from analytics_pipeline.importing.lines import read_lines
from analytics_pipeline.importing.source import BadLine, ReportBadLine, Source

VIDEO = "https://w3id.org/xapi/video/activity-type/video"
EVENT_TYPES = {
    "http://adlnet.gov/expapi/verbs/initialized": EventType.LESSON_VIEWED,
    "https://w3id.org/xapi/video/verbs/played": EventType.LESSON_VIEWED,
    "http://adlnet.gov/expapi/verbs/completed": EventType.LESSON_COMPLETED,
}


class _Verb(msgspec.Struct):
    id: str


class _Definition(msgspec.Struct):
    type: str | None = None


class _Activity(msgspec.Struct):
    id: str
    definition: _Definition | None = None


class _ContextActivities(msgspec.Struct):
    # xAPI 1.0 has clients that send a single activity where the list is meant.
    parent: list[_Activity] | _Activity | None = None


class _Context(msgspec.Struct, rename={"activities": "contextActivities"}):
    activities: _ContextActivities | None = None


class _Account(msgspec.Struct):
    name: str


class _Actor(msgspec.Struct):
    account: _Account | None = None
    mbox: str | None = None
    mbox_sha1sum: str | None = None
    openid: str | None = None


class _Statement(msgspec.Struct):
    id: str
    actor: _Actor
    verb: _Verb
    object: _Activity
    timestamp: Annotated[datetime, msgspec.Meta(tz=True)]
    context: _Context | None = None


class _WireEvent(msgspec.Struct, rename="camel", omit_defaults=True):
    id: str
    event_type: EventType
    course_id: str
    lesson_idx: int
    metadata: dict[str, str]
    created_at: datetime
    user_id: str | None = None


Lessons = dict[tuple[str, str], int]


def open_xapi(paths: Sequence[Path], report: ReportBadLine) -> Source:
    """The statements of the files as events; reads the files once more before, to number the lessons."""
    return Source(_events(paths, report))


def _events(paths: Sequence[Path], report: ReportBadLine) -> Iterator[bytes]:
    lessons = _number_lessons(paths)
    encode = msgspec.json.Encoder().encode
    for path, number, statement in _statements(paths, report):
        if statement.verb.id not in EVENT_TYPES:
            continue
        course = _course_id(statement)
        if course is None:
            report(BadLine(path, number, "names no course as the parent activity of its context"))
        else:
            yield encode(_wire_event(statement, course, lessons[course, statement.object.id]))


def _number_lessons(paths: Sequence[Path]) -> Lessons:
    first_use: dict[tuple[str, str], tuple[datetime, str]] = {}
    for _, _, statement in _statements(paths, lambda _: None):
        if course := _course_id(statement):
            lesson, use = (course, statement.object.id), (statement.timestamp, statement.id)
            first_use[lesson] = min(use, first_use.get(lesson, use))
    lessons: Lessons = {}
    in_course: dict[str, int] = {}
    for lesson in sorted(first_use, key=first_use.__getitem__):
        lessons[lesson] = in_course.get(lesson[0], 0)
        in_course[lesson[0]] = lessons[lesson] + 1
    return lessons


def _statements(paths: Sequence[Path], report: ReportBadLine) -> Iterator[tuple[Path, int, _Statement]]:
    """The statements about videos, each with its file and line."""
    decode = msgspec.json.Decoder(_Statement).decode
    for path in paths:
        for number, line in read_lines(path):
            try:
                statement = decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                report(BadLine(path, number, f"is no xAPI statement ({error})"))
                continue
            definition = statement.object.definition
            if definition is not None and definition.type == VIDEO:
                yield path, number, statement


def _course_id(statement: _Statement) -> str | None:
    activities = statement.context.activities if statement.context else None
    parent = activities.parent if activities else None
    if isinstance(parent, _Activity):
        return parent.id
    return parent[0].id if parent else None


def _learner_id(actor: _Actor) -> str | None:
    return actor.account.name if actor.account else actor.mbox or actor.mbox_sha1sum or actor.openid


def _wire_event(statement: _Statement, course: str, lesson: int) -> _WireEvent:
    return _WireEvent(
        id=statement.id,
        event_type=EVENT_TYPES[statement.verb.id],
        user_id=_learner_id(statement.actor),
        course_id=course,
        lesson_idx=lesson,
        metadata={"activityId": statement.object.id},
        created_at=statement.timestamp,
    )
