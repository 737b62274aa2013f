"""Event streams that hypothesis makes: as messy as real ones, at the places where counting goes wrong."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.metrics.oracle import Wire

PARIS = ZoneInfo("Europe/Paris")
ZONES = (ZoneInfo("UTC"), PARIS, ZoneInfo("Asia/Kathmandu"), ZoneInfo("Australia/Lord_Howe"))

# The clocks of Paris go forward on 31 March 2024 and back on 27 October; those of Lord Howe on 7 April.
STRETCHES = (date(2024, 3, 30), date(2024, 4, 6), date(2024, 10, 26), date(2024, 3, 1))
KINDS = (
    "course_view", "enroll", "purchase", "refund", "lesson_viewed", "lesson_viewed", "lesson_viewed",
    "lesson_time", "lesson_completed", "quiz_attempted", "quiz_attempted", "quiz_passed", "complete",
)  # fmt: skip
STEPS = tuple(
    timedelta(microseconds=step)
    for step in (0, 1, 999, 1000, 60_000_000, 1_799_999_999, 1_800_000_000, 1_800_000_001, 5_400_000_000,
                 14_400_000_000, 14_400_000_001, 86_400_000_000)
)  # fmt: skip
HOURS = tuple(time(hour, minute) for hour in (0, 1, 2, 3, 12, 23) for minute in (0, 30, 59))


@st.composite
def instants(draw: st.DrawFn, zone: ZoneInfo, first: date) -> datetime:
    """Moments that crowd around midnights, changes of the clocks and the limits of gaps and windows."""
    day = first + timedelta(days=draw(st.sampled_from((0, 0, 1, 1, 2, 8, 9, 90, 91))))
    base = datetime.combine(day, draw(st.sampled_from(HOURS)), zone).astimezone(UTC)
    return base + draw(st.sampled_from(STEPS)) - draw(st.sampled_from(STEPS[:4]))


@st.composite
def happenings(draw: st.DrawFn, number: int, zone: ZoneInfo, first: date) -> Wire:
    """One event of a small world, in which learners, courses, lessons, quizzes and orders meet often."""
    kind = draw(st.sampled_from(KINDS))
    about: dict[str, Any] = {}
    lesson = draw(st.sampled_from((None, 0, 1, 1, 2, 3)))
    course = draw(st.sampled_from(("c1", "c1", "c1", "c2", None)))
    if kind.startswith("lesson_") and lesson is None:
        lesson = 1
    if kind.startswith(("lesson_", "quiz_")) and course is None:
        course = "c1"
    if kind.startswith("quiz_"):
        quiz = draw(st.sampled_from((None, "q", 7, "7")))
        about |= {"quizId": quiz} if quiz is not None else {}
        about |= draw(
            st.sampled_from(({}, {}, {"attempt": 1}, {"attempt": 2}, {"score": 3.5, "quizId": quiz}))
        )
        lesson = 2 if lesson is None and about.get("quizId") is None else lesson
    elif kind == "lesson_time":
        about |= draw(st.sampled_from(
            ({}, {"activeMs": 0}, {"activeMs": 1500}, {"activeMs": 1999.9}, {"activeMs": 600_000},
             {"activeMs": 600_000.5}, {"activeMs": 86_400_000}, {"activeMs": None})
        ))  # fmt: skip
    elif kind in ("purchase", "refund"):
        about |= draw(st.sampled_from(
            ({}, {"orderId": "o1"}, {"orderId": 2}, {"orderId": "2", "amount": "10.50", "currency": "EUR"},
             {"orderId": "e0", "amount": 3, "currency": "USD"}, {"amount": 0.1})
        ))  # fmt: skip
    about |= draw(
        st.sampled_from(({}, {}, {}, {}, {}, {"role": "staff"}, {"role": "learner"}, {"role": None}))
    )
    return {
        "id": f"e{number}",
        "eventType": kind,
        "userId": draw(st.sampled_from(("u1", "u1", "u2", "u3", None))),
        "courseId": course,
        "lessonIdx": lesson,
        "metadata": about,
        "createdAt": draw(instants(zone, first)).isoformat(),
    }


def enrolments_around(view: Wire, moment: timedelta, _zone: ZoneInfo) -> list[Wire]:
    """The learner of a view enrols a moment before it and once more a moment after it."""
    at = datetime.fromisoformat(view["createdAt"])
    enrolment = {**view, "eventType": "enroll", "lessonIdx": None, "metadata": {}}
    return [
        {**enrolment, "id": f"{view['id']}-enroll{side}", "createdAt": (at + side * moment).isoformat()}
        for side in (-1, 1)
    ]


def views_around_midnight(view: Wire, moment: timedelta, zone: ZoneInfo) -> list[Wire]:
    """The learner of a view sees the lesson a moment before midnight and once more a moment after it."""
    day = datetime.fromisoformat(view["createdAt"]).astimezone(zone).date()
    midnight = datetime.combine(day, time(), zone).astimezone(UTC)
    return [
        {**view, "id": f"{view['id']}-night{side}", "createdAt": (midnight + side * moment).isoformat()}
        for side in (-1, 1)
    ]


RARE = {"course_view": enrolments_around, "lesson_viewed": views_around_midnight}
"""What hardly ever comes of itself is planted around an event of this kind."""


@st.composite
def streams(draw: st.DrawFn, zone: ZoneInfo, longest: int = 45) -> list[Wire]:
    """Events in order of arrival, not of time; some come again, some ids are taken twice."""
    first = draw(st.sampled_from(STRETCHES))
    size = draw(st.integers(0, longest))
    stream = [draw(happenings(number, zone, first)) for number in range(size)]
    for kind, around in RARE.items():
        found = [event for event in stream if event["eventType"] == kind]
        for event in draw(st.lists(st.sampled_from(found), max_size=1)) if found else []:
            for planted in around(event, draw(st.sampled_from(STEPS[1:5])), zone):
                stream.insert(draw(st.integers(0, len(stream))), planted)
    for again in draw(st.lists(st.sampled_from(stream), max_size=4)) if stream else []:
        change = draw(st.sampled_from(({}, {}, {"userId": "u9"})))
        stream.insert(draw(st.integers(0, len(stream))), {**again, **change})
    return stream
