"""Weeks on a small course platform: learners who enter at any time, come back late, buy and give back."""

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tests.metrics.oracle import Wire

FIRST = date(2024, 3, 1)
COURSES = ("c1", "c2")
KINDS = (
    *("course_view", "enroll", "enroll", "complete", "purchase", "refund"),
    *("lesson_viewed",) * 5,
    *("lesson_time", "lesson_completed", "lesson_completed", "quiz_attempted", "quiz_passed"),
)


def life(seed: int, days: int, learners: int, events_a_day: int) -> dict[date, list[Wire]]:
    """Events by day (UTC). Of its learners, a day sees some that were there before and some that were not."""
    dice = random.Random(seed)
    found: dict[date, list[Wire]] = {}
    bought: list[dict[str, Any]] = [{"orderId": "of-nobody", "currency": "EUR"}]
    for number in range(days):
        day = FIRST + timedelta(days=number)
        known = range(max(0, number * learners // days - learners // 3), (number + 1) * learners // days + 1)
        found[day] = [
            _event(dice, day, f"{number}-{n}", dice.choice(known), bought) for n in range(events_a_day)
        ]
    return found


def _event(dice: random.Random, day: date, number: str, learner: int, bought: list[dict[str, Any]]) -> Wire:
    kind = dice.choice(KINDS)
    about: dict[str, Any] = {}
    lesson = None
    if kind.startswith(("lesson_", "quiz_")):
        lesson = dice.randrange(5)
    if kind.startswith("quiz_"):
        about = dice.choice(({}, {"quizId": "q1"}, {"quizId": "q2", "attempt": 1}))
    elif kind == "lesson_time":
        about = {"activeMs": dice.randrange(600_000)}
    elif kind == "purchase":
        about = {"orderId": f"order-{number}", "amount": dice.randrange(20, 90), "currency": "EUR"}
        bought.append(about)
    elif kind == "refund":
        about = {**dice.choice(bought[-40:]), "amount": dice.randrange(1, 90)}
    # Refunds come late in the day: none before its purchase.
    second = dice.randrange(80_000) if kind != "refund" else dice.randrange(80_000, 86_400)
    at = datetime.combine(day, time(), UTC) + timedelta(seconds=second)
    return {
        "id": f"event-{number}",
        "eventType": kind,
        "userId": None if dice.random() < 0.05 else f"learner-{learner}",
        "courseId": dice.choice(COURSES),
        "lessonIdx": lesson,
        "metadata": about,
        "createdAt": at.isoformat(),
    }
