"""The daily numbers, counted in plain Python from wire events as a person would: one learner at a time.

It shares nothing with the code under test, neither SQL nor helpers; both know only the same definition.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

Wire = dict[str, Any]
Rows = list[dict[str, Any]]

OUTSIDERS = ("staff", "instructor", "test")
LESSON_TYPES = ("lesson_viewed", "lesson_time", "lesson_completed", "quiz_attempted", "quiz_passed")


@dataclass(frozen=True)
class Happening:
    """One distinct event, as the numbers see it."""

    id: str
    kind: str
    learner: str | None
    course: str | None
    lesson: int | None
    quiz: str | None
    at: datetime
    day: date
    about: dict[str, Any]

    @property
    def is_outsider(self) -> bool:
        return self.about.get("role") in OUTSIDERS


def first_deliveries(wire: Sequence[Wire], zone: ZoneInfo) -> list[Happening]:
    """The first delivery of each id, in order of arrival."""
    seen: dict[str, Happening] = {}
    for event in wire:
        if event["id"] not in seen:
            seen[event["id"]] = understand(event, zone)
    return list(seen.values())


def understand(event: Wire, zone: ZoneInfo) -> Happening:
    about = event.get("metadata") or {}
    kind = event["eventType"]
    quiz = about.get("quizId") if kind in ("quiz_attempted", "quiz_passed") else None
    at = datetime.fromisoformat(event["createdAt"]).astimezone(UTC)
    return Happening(
        id=event["id"],
        kind=kind,
        learner=event.get("userId"),
        course=event.get("courseId"),
        lesson=event.get("lessonIdx") if kind in LESSON_TYPES else None,
        quiz=None if quiz is None else str(quiz),
        at=at,
        day=at.astimezone(zone).date(),
        about=about,
    )


def counting(happenings: Iterable[Happening]) -> list[Happening]:
    """Those that count in a course: not of staff, and with a course."""
    return [event for event in happenings if not event.is_outsider and event.course is not None]


def by(events: Iterable[Happening], *names: str) -> Iterator[tuple[tuple[Any, ...], list[Happening]]]:
    """The events in groups that agree in these attributes."""
    groups: dict[tuple[Any, ...], list[Happening]] = defaultdict(list)
    for event in events:
        groups[tuple(getattr(event, name) for name in names)].append(event)
    return iter(groups.items())


def of(events: Iterable[Happening], kind: str) -> list[Happening]:
    return [event for event in events if event.kind == kind]


def people(events: Iterable[Happening]) -> set[str]:
    return {event.learner for event in events if event.learner is not None}


def event_day(wire: Sequence[Wire], zone: ZoneInfo) -> Rows:
    """Of each day, course and type: what came, and what was left out because its id had come before."""
    firsts = {event.id: event for event in first_deliveries(wire, zone)}
    originals: dict[str, Wire] = {}
    quarantined: list[Wire] = []
    counts: dict[tuple[Any, ...], dict[str, int]] = defaultdict(
        lambda: dict.fromkeys(("events", "anonymous", "excluded", "duplicates", "conflicts", "rejected"), 0)
    )
    for event in wire:
        met = understand(event, zone)
        row = counts[met.day, met.course, met.kind]
        if event["id"] in originals:
            if originals[event["id"]] == event:
                row["duplicates"] += 1
            elif event not in quarantined:
                quarantined.append(event)
                row["conflicts"] += 1
            continue
        originals[event["id"]] = event
        if firsts[event["id"]].is_outsider:
            row["excluded"] += 1
        else:
            row["events"] += 1
            row["anonymous"] += met.learner is None
    return [
        {"day": day, "course_id": course, "event_type": kind, **row}
        for (day, course, kind), row in counts.items()
    ]


def reports_of(events: Iterable[Happening]) -> list[int]:
    """The milliseconds of the time reports that can be believed."""
    told = [
        event.about["activeMs"]
        for event in of(events, "lesson_time")
        if event.about.get("activeMs") is not None
    ]
    return [math.floor(told_ms) for told_ms in told if told_ms <= 10 * 60 * 1000]


def gaps_of(events: Sequence[Happening], lesson: int) -> dict[datetime, int]:
    """Of one learner's events in one course on one day: milliseconds by instant of a view of this lesson."""
    gaps = {}
    for view in of(events, "lesson_viewed"):
        later = [event for event in events if event.at > view.at]
        if view.lesson != lesson or not later:
            continue
        soonest = min(event.at for event in later)
        closes = any(
            event.at == soonest and event.kind == "lesson_completed" and event.lesson == lesson
            for event in later
        )
        if soonest - view.at <= (timedelta(hours=4) if closes else timedelta(minutes=30)):
            gaps[view.at] = (soonest - view.at) // timedelta(milliseconds=1)
    return gaps


def time_spent(events: Sequence[Happening], lesson: int) -> int | None:
    """One learner's milliseconds in the lesson, from that learner's events in the course on one day."""
    reports = reports_of(event for event in events if event.lesson == lesson)
    if reports:
        return sum(reports)
    gaps = gaps_of(events, lesson)
    return sum(gaps.values()) if gaps else None


def nearest_rank(values: Sequence[int], percent: int) -> int | None:
    """The smallest value that at least `percent` of the values do not exceed."""
    return next(
        (value for value in sorted(values) if 100 * sum(v <= value for v in values) >= percent * len(values)),
        None,
    )


def bucket_of(milliseconds: int) -> int:
    """Which logarithmic bucket a time falls into: 0, 1, 2 … until steps of ten per cent are wider than 1."""
    number, low = 0, 0
    while low <= 10**13:
        highest = low * 11 // 10
        if milliseconds <= highest:
            return number
        number, low = number + 1, highest + 1
    return number


def histogram(values: Iterable[int]) -> dict[str, int]:
    buckets: dict[str, int] = defaultdict(int)
    for value in values:
        buckets[str(bucket_of(value))] += 1
    return dict(buckets)


def hours_of(views: Iterable[Happening], day: date, zone: ZoneInfo) -> list[int]:
    """Views per hour that has gone by since midnight, however the clocks were set in between."""
    midnight = datetime.combine(day, time(), zone).astimezone(UTC)
    hours = [0] * 25
    for view in views:
        hours[(view.at - midnight) // timedelta(hours=1)] += 1
    return hours


def lesson_daily(wire: Sequence[Wire], zone: ZoneInfo) -> Rows:
    rows = []
    all_events = counting(first_deliveries(wire, zone))
    for (course, lesson, day), events in by(all_events, "course", "lesson", "day"):
        if lesson is None:
            continue
        in_course = [event for event in all_events if event.course == course and event.day == day]
        spent = []
        for learner in people(events):
            total = time_spent([event for event in in_course if event.learner == learner], lesson)
            if total is not None:
                spent.append(total)
        rows.append(
            {
                "course_id": course,
                "lesson_idx": lesson,
                "day": day,
                "views": len(of(events, "lesson_viewed")),
                "viewers": len(people(events)),
                "completers": len(people(of(events, "lesson_completed"))),
                "quiz_attempts": len(of(events, "quiz_attempted")),
                "quiz_attempters": len(
                    people(of(events, "quiz_attempted")) | people(of(events, "quiz_passed"))
                ),
                "quiz_passers": len(people(of(events, "quiz_passed"))),
                "measured_learners": len(spent),
                "active_ms_sum": sum(spent),
                "active_ms_median": nearest_rank(spent, 50),
                "active_ms_p90": nearest_rank(spent, 90),
                "active_ms_hist": histogram(spent),
                "views_by_hour": hours_of(of(events, "lesson_viewed"), day, zone),
            }
        )
    return rows


def course_daily(wire: Sequence[Wire], zone: ZoneInfo) -> Rows:
    def orders(events: Iterable[Happening]) -> int:
        named = (event.about.get("orderId") for event in events)
        return len(
            {event.id if name is None else str(name) for event, name in zip(events, named, strict=True)}
        )

    return [
        {
            "course_id": course,
            "day": day,
            "learners": len(people(events)),
            "course_views": len(of(events, "course_view")),
            "views": len(of(events, "lesson_viewed")),
            "lesson_completions": len(of(events, "lesson_completed")),
            "quiz_attempts": len(of(events, "quiz_attempted")),
            "quiz_passes": len(of(events, "quiz_passed")),
            "enrolments": len(people(of(events, "enroll"))),
            "completions": len(people(of(events, "complete"))),
            "purchases": orders(of(events, "purchase")),
            "refunds": orders(of(events, "refund")),
        }
        for (course, day), events in by(counting(first_deliveries(wire, zone)), "course", "day")
    ]


def learner_days(wire: Sequence[Wire], zone: ZoneInfo) -> Rows:
    """What every other number is made of, as the lake keeps it."""
    rows = []
    all_events = counting(first_deliveries(wire, zone))
    for key, events in by(all_events, "day", "course", "lesson", "quiz", "learner"):
        day, course, lesson, quiz, learner = key
        views, passes = of(events, "lesson_viewed"), of(events, "quiz_passed")
        gaps = {}
        if learner is not None and lesson is not None and views:
            same = [e for e in all_events if (e.day, e.course, e.learner) == (day, course, learner)]
            gaps = gaps_of(same, lesson)
        tries = sorted((event.at, event.id) for event in of(events, "quiz_attempted"))
        rows.append(
            {
                "day": day,
                "course_id": course,
                "lesson_idx": lesson,
                "quiz_id": quiz,
                "learner_id": learner,
                "events": len(events),
                "first_at": min(event.at for event in events),
                "last_at": max(event.at for event in events),
                "views": len(views),
                "completions": len(of(events, "lesson_completed")),
                "completed_at": earliest(of(events, "lesson_completed")),
                "reported_ms": sum(reports_of(events)),
                "reported_n": len(reports_of(events)),
                "gap_ms": sum(gaps.values()),
                "gap_n": len(gaps),
                "unmeasured_views": sum(view.at not in gaps for view in views),
                "views_by_hour": hours_of(views, day, zone) if views else None,
                "attempts": len(tries),
                "passes": len(passes),
                "attempt_at": [{"at": at, "event_id": name} for at, name in tries[:2]] or None,
                "pass_at": earliest(passes),
                "passed_attempt_1": any(event.about.get("attempt") == 1 for event in passes),
                "course_views": len(of(events, "course_view")),
                "course_view_at": earliest(of(events, "course_view")),
                "enroll_at": sorted(event.at for event in of(events, "enroll")) or None,
                "complete_at": sorted(event.at for event in of(events, "complete")) or None,
                "purchases": receipts(of(events, "purchase")) or None,
                "refunds": receipts(of(events, "refund")) or None,
            }
        )
    return rows


def earliest(events: Sequence[Happening]) -> datetime | None:
    return min((event.at for event in events), default=None)


def receipts(events: Iterable[Happening]) -> Rows:
    receipts = []
    for event in sorted(events, key=lambda event: (event.at, event.id)):
        order, amount = event.about.get("orderId"), event.about.get("amount")
        receipts.append(
            {
                "at": event.at,
                "event_id": event.id,
                "order_id": None if order is None else str(order),
                "amount": None if amount is None else Decimal(str(amount)),
                "currency": event.about.get("currency"),
            }
        )
    return receipts
