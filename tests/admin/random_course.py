"""Published rows of a course that nobody has chosen, and plain sums of them over any days."""

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=offset) for offset in range(92)]
RANGES = st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS)).map(sorted)

OVER_DATABASE = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

ACTIVITY = (
    "course_views",
    "views",
    "lesson_completions",
    "quiz_attempts",
    "quiz_passes",
    "purchases",
    "refunds",
)


def a_course(course_id: str, random: Random) -> dict[str, list[dict[str, Any]]]:
    """Every published table's rows of a course with quiet days, small groups and crowds."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("daily", "events", "lessons", "cohorts")}
    rows |= {"quizzes": [], "funnels": []}
    for day in DAYS:
        if day != DAYS[0] and day != DAYS[-1] and random.random() < 0.2:
            continue
        on_day, of_day = {"course_id": course_id, "day": day}, {"course_id": course_id, "cohort_day": day}
        rows["daily"].append(on_day | _activity(random))
        rows["events"].append(
            on_day | {"event_type": "enroll", "events": random.randrange(50), "rejected": 1}
        )
        for lesson in range(4):
            cohort = _lesson_cohort(random)
            rows["cohorts"].append(of_day | {"lesson_idx": lesson} | cohort)
            rows["lessons"].append(on_day | {"lesson_idx": lesson} | _lesson_day(cohort["viewers"]))
        rows["quizzes"].append(of_day | {"quiz_id": "final", "lesson_idx": 3} | _quiz(random))
        rows["funnels"].append(of_day | {"funnel": "discovery"} | _funnel(random))
    return rows


def _activity(random: Random) -> dict[str, Any]:
    learners = random.choice([0, 1, 3, 5, 40])
    counts = {name: random.randrange(100) for name in (*ACTIVITY, "enrolments", "completions")}
    return {"learners": learners, **counts}


def _lesson_cohort(random: Random) -> dict[str, Any]:
    viewers = random.randrange(3)
    counts = {name: random.randrange(most) for name, most in (("stopped", 3), ("active", 2), ("finished", 2))}
    return {"viewers": viewers, **counts, "completers": random.randint(0, viewers)}


def _lesson_day(viewers: int) -> dict[str, Any]:
    return {
        "views": 9,
        "viewers": viewers,
        "measured_learners": viewers,
        "active_ms_sum": viewers * 60_000,
        "active_ms_hist": {"60": viewers} if viewers else {},
        "views_by_hour": [0] * 20 + [9] + [0] * 4,
    }


def _quiz(random: Random) -> dict[str, Any]:
    attempters = random.randrange(4)
    first = random.randint(0, attempters)
    best = random.randint(first, attempters)
    return {"attempters": attempters, "first_attempt_passers": first, "best_attempt_passers": best}


def _funnel(random: Random) -> dict[str, Any]:
    entered, mature = random.randrange(6), random.randrange(3)
    converted = min(entered, 1)
    return {
        "entered": entered,
        "step_2": min(entered, 3),
        "step_3": converted,
        "converted": converted,
        "open": entered - converted,
        "mature": mature,
        "mature_step_2": min(mature, 1),
        "mature_step_3": 0,
        "already_enrolled": 1,
    }


def weeks(first: date, last: date) -> tuple[date, date]:
    return first - timedelta(days=first.weekday()), last + timedelta(days=6 - last.weekday())


def total(rows: Iterable[dict[str, Any]], name: str, first: date, last: date, **key: Any) -> int:
    return sum(
        row.get(name, 0)
        for row in rows
        if first <= (row.get("day") or row["cohort_day"]) <= last and all(row[k] == v for k, v in key.items())
    )
