"""What the generated streams are made of: each kind of mess that the oracle is to be right about is found."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, find, settings

from tests.metrics.oracle import OUTSIDERS, Happening, Wire, first_deliveries
from tests.metrics.streams import PARIS, streams

Has = Callable[[list[Wire]], bool]
UNSEEN = settings(
    max_examples=3000, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)


def distinct(stream: list[Wire], zone: ZoneInfo = PARIS) -> list[Happening]:
    return first_deliveries(stream, zone)


def instants(stream: list[Wire]) -> list[datetime]:
    return [datetime.fromisoformat(event["createdAt"]) for event in stream]


def any_pair(stream: list[Wire], fits: Callable[[Happening, Happening], bool]) -> bool:
    """Whether two events of one learner in one course fit."""
    events = [event for event in distinct(stream) if event.learner and event.course]
    return any(
        fits(one, other)
        for one in events
        for other in events
        if one is not other and (one.learner, one.course) == (other.learner, other.course)
    )


def enrols_around_a_view_of_one_day(stream: list[Wire]) -> bool:
    def around(one: Happening, view: Happening) -> bool:
        return (
            (one.kind, view.kind) == ("enroll", "course_view")
            and one.day == view.day
            and one.at < view.at
            and any_pair(
                stream,
                lambda seen, later: (
                    seen.id == view.id
                    and later.kind == "enroll"
                    and later.day == view.day
                    and later.at > view.at
                ),
            )
        )

    return any_pair(stream, around)


def passes_a_change_of_the_clocks(stream: list[Wire]) -> bool:
    """Two events of one site day whose offsets from UTC differ."""
    by_day: dict[date, set[timedelta | None]] = {}
    for at in instants(stream):
        local = at.astimezone(PARIS)
        by_day.setdefault(local.date(), set()).add(local.utcoffset())
    return any(len(offsets) > 1 for offsets in by_day.values())


MESS: dict[str, Has] = {
    "a repeated delivery": lambda stream: any(one in stream[:at] for at, one in enumerate(stream)),
    "an id taken twice": lambda stream: any(
        one["id"] == other["id"] and one != other for one in stream for other in stream
    ),
    "disorder": lambda stream: any(one > other for one, other in pairwise(instants(stream))),
    "lateness over days": lambda stream: any(
        one - other > timedelta(days=2) for one, other in pairwise(instants(stream))
    ),
    "a tie": lambda stream: any_pair(stream, lambda one, other: one.at == other.at),
    "a missing user": lambda stream: any(event["userId"] is None for event in stream),
    "staff": lambda stream: any(event["metadata"].get("role") in OUTSIDERS for event in stream),
    "a refund before enrolment": lambda stream: any_pair(
        stream, lambda one, other: (one.kind, other.kind) == ("refund", "enroll") and one.at < other.at
    ),
    "a refund of no known order": lambda stream: any(
        event.kind == "refund" and "orderId" not in event.about for event in distinct(stream)
    ),
    "a refund before its purchase": lambda stream: any(
        (refund.kind, bought.kind) == ("refund", "purchase")
        and refund.at < bought.at
        and refund.course == bought.course
        and refund.about.get("orderId") == bought.about.get("orderId") is not None
        for refund in distinct(stream)
        for bought in distinct(stream)
    ),
    "enrolments before and after a view on one day": enrols_around_a_view_of_one_day,
    "a gap over midnight": lambda stream: any_pair(
        stream,
        lambda one, other: (
            one.kind == "lesson_viewed"
            and one.day + timedelta(days=1) == other.day
            and timedelta(0) < other.at - one.at < timedelta(minutes=30)
        ),
    ),
    "a change of the clocks within a day": passes_a_change_of_the_clocks,
    "an event that names no course": lambda stream: any(event["courseId"] is None for event in stream),
}


@pytest.mark.parametrize("name", MESS)
def test_streams_hold(name: str) -> None:
    assert MESS[name](find(streams(PARIS), MESS[name], settings=UNSEEN))
