"""The play itself: everybody's steps, merged in the order of time and written as wire events."""

import heapq
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from analytics_pipeline.events import EventType
from analytics_pipeline.simulate.calendar import Calendar
from analytics_pipeline.simulate.catalogue import Course, make_courses
from analytics_pipeline.simulate.faults import CourseFaults, Fault, WrongFaultError
from analytics_pipeline.simulate.journey import Step
from analytics_pipeline.simulate.people import Stage, Traveller, travellers

# What the page in the browser reports; everything else comes from the platform's servers.
_FROM_THE_PAGE = frozenset(kind for kind in EventType if kind.startswith(("lesson_", "quiz_")))

# The instant, the traveller's name, the step's number (with them the order is total), and the event.
Played = tuple[datetime, str, int, dict[str, Any]]


def simulate(  # noqa: PLR0917  # plain values, in the order of the command's options
    courses: int,
    learners: int,
    days: int,
    seed: int,
    last_day: date,
    zone: ZoneInfo,
    faults: Iterable[Fault] = (),
) -> Iterator[dict[str, Any]]:
    """Play `days` days of a platform, `last_day` the last of them; yield its wire events in order of time.

    The same arguments give the same events with the same ids, everywhere; other arguments share no id with
    them. No event lies after `last_day`, but some lie later than now when that day is not over. Raises
    WrongFaultError when a fault names a course that there is not.
    """
    planted = tuple(faults)
    for fault in planted:
        if fault.course >= courses:
            raise WrongFaultError(
                f"There is no course {fault.course} to plant {fault.kind} in; 0 is the first."
            )
    calendar = Calendar(last_day, days, zone)
    stage = Stage(
        seed,
        make_courses(courses, seed),
        [CourseFaults(planted, course, calendar) for course in range(courses)],
        calendar,
    )
    play = uuid5(NAMESPACE_URL, repr((courses, learners, days, seed, str(last_day), zone.key, planted)))
    played = (_play(stage, play, traveller) for traveller in travellers(stage, learners))
    return (event for _, _, _, event in heapq.merge(*played))


def _play(stage: Stage, play: UUID, traveller: Traveller) -> Iterator[Played]:
    """The traveller's steps as wire events, to the end of the play; what a broken page reports is lost."""
    faults, course = stage.faults[traveller.course], stage.courses[traveller.course]
    for number, step in enumerate(traveller.steps):
        if step.at >= stage.calendar.end:
            return
        if step.event_type in _FROM_THE_PAGE and faults.is_silent(step.lesson_idx, step.at):
            continue
        event_id = uuid5(play, f"{traveller.name}/{number}")
        yield step.at, traveller.name, number, _wire_event(event_id, traveller.user_id, course, step)


def _wire_event(event_id: UUID, user_id: str | None, course: Course, step: Step) -> dict[str, Any]:
    event: dict[str, Any] = {"id": str(event_id), "eventType": str(step.event_type)}
    if user_id is not None:
        event["userId"] = user_id
    event["courseId"] = course.id
    if step.lesson_idx is not None:
        event["lessonIdx"] = step.lesson_idx
    if step.metadata is not None:
        event["metadata"] = dict(step.metadata)
    event["createdAt"] = step.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event
