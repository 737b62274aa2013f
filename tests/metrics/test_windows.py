"""The summary tables say what the tables say that they sum up, whatever was published in which order."""

import json
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import psycopg

from analytics_pipeline.database import tables
from tests.admin.rows import publish
from tests.conftest import Database

MONDAY = date(2026, 1, 5)
DAYS = [MONDAY + timedelta(days=offset) for offset in range(2, 30)]
WEEKS = [MONDAY + timedelta(days=7 * number) for number in range(5)]
COUNTS = ("views", "viewers", "measured_learners", "active_ms_sum")


def visits(random: Random, lesson_idx: int, day: date) -> dict[str, Any]:
    """A row of `lesson_daily`."""
    histogram = {str(random.randrange(5)): random.randint(1, 4) for _ in range(random.randrange(3))}
    measured = sum(histogram.values())
    counts = {"views": random.randrange(50), "viewers": measured + random.randrange(3)}
    times = {"measured_learners": measured, "active_ms_sum": 1000 * measured, "active_ms_hist": histogram}
    return {"course_id": "algebra", "lesson_idx": lesson_idx, "day": day, **counts, **times}


def test_weeks_of_lessons_are_the_sums_of_their_days_also_after_a_day_is_published_anew(
    database: Database,
) -> None:
    random = Random(3)
    days = {(lesson, day): visits(random, lesson, day) for lesson in (0, 1) for day in DAYS}
    again = [visits(random, 0, DAYS[9]), visits(random, 1, DAYS[20])]
    with database.connect("pipeline") as connection:
        for row in random.sample(list(days.values()), len(days)):
            publish(connection, tables.lesson_daily, row)
        for row in again:
            key = {"lesson": row["lesson_idx"], "day": row["day"]}
            connection.execute(
                "DELETE FROM analytics.lesson_daily WHERE lesson_idx = %(lesson)s AND day = %(day)s", key
            )
            publish(connection, tables.lesson_daily, row)
            days[row["lesson_idx"], row["day"]] = row
        found = connection.execute(
            "SELECT lesson_idx, week, active_ms_hist, views, viewers, measured_learners, active_ms_sum"
            " FROM analytics.lesson_week"
        ).fetchall()
    assert len(found) == 2 * len(WEEKS)
    for lesson, week, histogram, *sums in found:
        rows = [row for (idx, day), row in days.items() if idx == lesson and 0 <= (day - week).days < 7]
        buckets: Counter[str] = Counter()
        for row in rows:
            buckets.update(row["active_ms_hist"])
        assert (histogram, sums) == (dict(buckets), [sum(row[name] for row in rows) for name in COUNTS])


def orders(course_id: str, day: date, currency: str | None, number: int, gross: str) -> dict[str, Any]:
    """A row of `course_refund` of which a part was given back."""
    money = {"gross": Decimal(gross), "refunded": Decimal("1.05"), "net": Decimal(gross) - Decimal("1.05")}
    key = {"course_id": course_id, "cohort_day": day, "currency": currency, "approximate": False}
    return {**key, "orders": number, **money}


def entrants(course_id: str, day: date, number: int) -> dict[str, Any]:
    """A row of `course_funnel`."""
    counts = {"entered": number, "converted": number - 1, "mature": number - 2, "mature_step_2": number - 3}
    return {"course_id": course_id, "funnel": "completion", "cohort_day": day, **counts}


def test_the_difference_of_two_totals_is_what_came_between_them(database: Database) -> None:
    sold = [
        orders("algebra", WEEKS[0] + timedelta(days=6), "EUR", 3, "90.10"),
        orders("algebra", WEEKS[3], "EUR", 2, "60.20"),
        orders("algebra", WEEKS[3] + timedelta(days=6), "USD", 1, "30.30"),
        orders("botany", WEEKS[2], None, 4, "0.40"),
    ]
    entered = [
        entrants("algebra", WEEKS[1] + timedelta(days=3), 9),
        entrants("algebra", WEEKS[4], 7),
        entrants("botany", WEEKS[2], 5),
    ]
    with database.connect("pipeline") as connection:
        publish(connection, tables.course_refund, *sold)
        publish(connection, tables.course_funnel, *entered)
        assert_totals(connection, sold, entered)
        # What the next night no longer finds is gone from every later week too.
        connection.execute("DELETE FROM analytics.course_refund WHERE currency = 'USD'")
        publish(connection, tables.course_funnel)
        sold = [row for row in sold if row["currency"] != "USD"]
        assert_totals(connection, sold, entered)


def assert_totals(
    connection: psycopg.Connection, sold: list[dict[str, Any]], entered: list[dict[str, Any]]
) -> None:
    """Each course has every week from its first to the last of any, and the totals are right there."""
    found = connection.execute(
        "SELECT course_id, week, enrolled, completed, mature, mature_completed, revenue::text"
        " FROM analytics.course_to_date ORDER BY course_id, week"
    ).fetchall()
    known = [("algebra", week) for week in WEEKS] + [("botany", week) for week in WEEKS[2:]]
    assert [(course, week) for course, week, *_ in found] == known
    for course, week, *counts, revenue in found:
        until = week + timedelta(days=6)
        mine = [row for row in entered if row["course_id"] == course and row["cohort_day"] <= until]
        names = ("entered", "converted", "mature", "mature_step_2")
        assert counts == [sum(row[name] for row in mine) for name in names]
        earned: dict[str, Any] = {}
        for row in sold:
            if row["course_id"] == course and row["cohort_day"] <= until:
                sums = earned.setdefault(row["currency"] or "", Counter())
                sums.update({name: row[name] for name in ("orders", "gross", "refunded", "net")})
        loaded = json.loads(revenue, parse_float=Decimal)
        assert loaded == {currency: dict(sums) for currency, sums in earned.items()}
