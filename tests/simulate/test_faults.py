"""What is planted can be found, and nothing else is wrong."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from analytics_pipeline.simulate import (
    Fault,
    FaultKind,
    WrongFaultError,
    one_of_each,
    parse_fault,
    simulate,
)
from analytics_pipeline.simulate.catalogue import LESSONS, course_id

DAYS, MENDED = 90, 45
LAST_DAY = date(2024, 6, 29)
FIRST_INSTANT = datetime(2024, 4, 1, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
Event = dict[str, Any]


def play(*faults: Fault, courses: int = 4, learners: int = 700, seed: int = 11) -> list[Event]:
    return list(simulate(courses, learners, DAYS, seed, LAST_DAY, UTC_ZONE, faults))


def instant(event: Event) -> datetime:
    return datetime.fromisoformat(event["createdAt"])


def is_before(event: Event, day: int) -> bool:
    return instant(event) < FIRST_INSTANT + timedelta(days=day)


def of_course(events: Sequence[Event], course: int) -> list[Event]:
    return [
        event
        for event in events
        if event["courseId"] == course_id(course) and event.get("userId", "staff").startswith("learner")
    ]


def losses(events: Sequence[Event]) -> list[float]:
    """Per lesson: of those who were there and are not on their way still, the share that went no further."""
    furthest: dict[str, int] = defaultdict(lambda: -1)
    last_seen: dict[str, datetime] = {}
    completed = set()
    for event in events:
        learner = event["userId"]
        if "lessonIdx" in event:
            furthest[learner] = max(furthest[learner], event["lessonIdx"])
            last_seen[learner] = instant(event)
        if event["eventType"] == "complete":
            completed.add(learner)
    end = instant(events[-1])
    shares = []
    for lesson in range(LESSONS):
        here = [learner for learner, idx in furthest.items() if idx == lesson and learner not in completed]
        stopped = [learner for learner in here if end - last_seen[learner] > timedelta(days=10)]
        reached = sum(idx >= lesson for idx in furthest.values()) - (len(here) - len(stopped))
        shares.append(len(stopped) / reached)
    return shares


def first_pass_rate(events: Sequence[Event], quiz_id: str) -> float:
    firsts = [
        event["eventType"]
        for event in events
        if event.get("metadata", {}).get("quizId") == quiz_id and event["metadata"]["attempt"] == 1
    ]
    return firsts.count("quiz_passed") / firsts.count("quiz_attempted")


def refund_rate(events: Sequence[Event]) -> float:
    bought = {e["metadata"]["orderId"] for e in events if e["eventType"] == "purchase"}
    refunded = {e["metadata"]["orderId"] for e in events if e["eventType"] == "refund"}
    assert refunded <= bought
    return len(refunded) / len(bought)


@pytest.fixture(scope="module")
def healthy() -> list[Event]:
    return play()


@pytest.fixture(scope="module")
def faulty() -> list[Event]:
    return play(*one_of_each(emitter_breaks=MENDED))


def test_a_healthy_course_loses_few_at_any_lesson_and_completes_many(healthy: list[Event]) -> None:
    for course in range(4):
        events = of_course(healthy, course)
        assert max(losses(events)) < 0.25
        enrolled = sum(event["eventType"] == "enroll" for event in events)
        completed = sum(event["eventType"] == "complete" for event in events)
        assert 0.3 < completed / enrolled < 0.8


def test_in_a_healthy_course_most_pass_at_once_and_few_want_their_money_back(healthy: list[Event]) -> None:
    for course in range(4):
        for number in (1, 2, 3):
            assert first_pass_rate(of_course(healthy, course), f"quiz-{number}") > 0.6
    assert refund_rate(of_course(healthy, 0)) < 0.06


def test_the_losing_lesson_loses_four_in_ten_and_its_neighbours_do_not(faulty: list[Event]) -> None:
    shares = losses(of_course(faulty, 0))
    assert 0.33 < shares[4] < 0.52
    assert max(shares[:4] + shares[5:]) < 0.25


def test_one_in_four_passes_the_unfair_quiz_at_once_and_its_lesson_loses_nobody_more(
    faulty: list[Event],
) -> None:
    events = of_course(faulty, 1)
    assert 0.15 < first_pass_rate(events, "quiz-1") < 0.35
    assert first_pass_rate(events, "quiz-2") > 0.6
    assert max(losses(events)) < 0.25


def test_refunds_come_after_the_lesson_without_making_it_a_drop_off(faulty: list[Event]) -> None:
    events = of_course(faulty, 2)
    assert 0.15 < refund_rate(events) < 0.4
    assert max(losses(events)) < 0.25


def test_a_broken_emitter_is_silent_from_two_in_the_afternoon_while_its_neighbours_go_on(
    faulty: list[Event],
) -> None:
    breaks = FIRST_INSTANT + timedelta(days=MENDED, hours=14)
    lessons = {
        event["lessonIdx"]
        for event in faulty
        if event["courseId"] == course_id(3) and "lessonIdx" in event and instant(event) >= breaks
    }
    assert lessons == set(range(LESSONS)) - {2}
    last = max(instant(e) for e in faulty if e["courseId"] == course_id(3) and e.get("lessonIdx") == 2)
    assert breaks - timedelta(days=2) < last < breaks


@pytest.mark.parametrize("kind", [FaultKind.LOSING_LESSON, FaultKind.UNFAIR_QUIZ, FaultKind.BROKEN_EMITTER])
def test_a_mended_fault_is_gone_from_its_day_on(kind: FaultKind) -> None:
    fault = parse_fault(f"{kind}:0:0:{MENDED}")
    events = of_course(play(fault, courses=1, learners=500), 0)
    newcomers = {e["userId"] for e in events} - {e["userId"] for e in events if is_before(e, MENDED)}
    later = [event for event in events if event["userId"] in newcomers]
    assert max(losses(later)) < 0.3
    assert first_pass_rate(later, "quiz-1") > 0.6
    assert {event["lessonIdx"] for event in later if "lessonIdx" in event} == set(range(LESSONS))


def test_a_fault_leaves_the_other_courses_as_they_were() -> None:
    healthy = play(learners=60)
    planted = play(parse_fault("losing_lesson:0"), learners=60)

    def without_id(events: list[Event]) -> list[Event]:
        return [{name: value for name, value in event.items() if name != "id"} for event in events]

    for course in (1, 2, 3):
        assert without_id(of_course(planted, course)) == without_id(of_course(healthy, course))


def test_a_fault_is_written_as_kind_course_and_days() -> None:
    assert parse_fault("unfair_quiz:2") == Fault(FaultKind.UNFAIR_QUIZ, course=2, lesson=3)
    assert parse_fault("broken_emitter:0:30:45") == Fault(FaultKind.BROKEN_EMITTER, 0, 2, 30, 45)


@pytest.mark.parametrize("text", ["", "refunds", "refunds:x", "fire:0", "refunds:0:1:2:3", "refunds:-1"])
def test_what_is_no_fault_is_said_with_the_way_to_write_one(text: str) -> None:
    with pytest.raises(WrongFaultError, match="KIND:COURSE"):
        parse_fault(text)


def test_faults_that_cannot_be_planted_are_refused() -> None:
    with pytest.raises(WrongFaultError, match="free"):
        parse_fault("refunds:1")
    with pytest.raises(WrongFaultError, match="no quiz"):
        Fault(FaultKind.UNFAIR_QUIZ, course=0, lesson=4)
    with pytest.raises(WrongFaultError, match="no course 7"):
        simulate(2, 10, 10, 1, LAST_DAY, UTC_ZONE, [parse_fault("unfair_quiz:7")])
