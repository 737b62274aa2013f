"""A simulated year of crashes, restarts, missed nights, late events, a bad day and a bad course: its tables
are those of a year in which nothing happened."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from analytics_pipeline.simulate import simulate
from tests.conftest import Database, Server, fresh_database
from tests.inbox import deliver, put_batch
from tests.metrics.nights import published
from tests.metrics.tables import numbers

TABLES = (
    *("event_day", "lesson_daily", "course_daily"),
    *("lesson_cohort", "quiz_cohort", "course_funnel", "course_refund"),
)
LAST_DAY = date(2025, 6, 30)
GARBAGE = b"no event"


@dataclass
class Nights:
    """The worker process of one site; killed, it is started again for the next night."""

    database: Database
    crashes: int = 0
    durations: list[float] = field(default_factory=lambda: [0.5])
    _process: "subprocess.Popen[str] | None" = None

    def run(self, today: date, bad_course: str | None = None) -> int:
        """A night that nobody disturbs; how many days and courses failed."""
        process = self._told(today, bad_course)
        began = time.monotonic()
        assert process.stdout is not None
        answer = process.stdout.readline()
        assert answer, "the worker has ended by itself"
        self.durations.append(time.monotonic() - began)
        return int(answer)

    def crash(self, today: date, chance: random.Random) -> None:
        """A night whose process is killed somewhere on its way, or a moment after."""
        self._told(today, None)
        time.sleep(chance.uniform(0, 1.2 * sum(self.durations[-5:]) / len(self.durations[-5:])))
        self.crashes += 1
        self.stop()

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _told(self, today: date, bad_course: str | None) -> "subprocess.Popen[str]":
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.end_to_end.night_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, **self.database.settings.as_environment()},
            )
            assert self._process.stdout is not None
            assert self._process.stdout.readline() == "ready\n"
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([str(today), bad_course]) + "\n")
        self._process.stdin.flush()
        return self._process


@contextmanager
def _nights(server: Server) -> Iterator[Nights]:
    with fresh_database(server) as database:
        nights = Nights(database)
        try:
            yield nights
        finally:
            nights.stop()


def _by_arrival(events: Sequence[dict[str, Any]], chance: random.Random) -> dict[date, list[dict[str, Any]]]:
    """The events by the day on which they arrive: most on their own, some days or weeks late."""
    arrivals: dict[date, list[dict[str, Any]]] = {}
    for event in events:
        late = chance.choice([1, 3, 20]) if chance.random() < 0.03 else 0
        arrivals.setdefault(_day(event) + timedelta(days=late), []).append(event)
    return arrivals


def _day(event: dict[str, Any]) -> date:
    return datetime.fromisoformat(event["createdAt"]).date()


def _wire(event: dict[str, Any]) -> dict[str, Any]:
    return {"userId": None, "courseId": None, "lessonIdx": None, "metadata": {}, **event}


@pytest.mark.parametrize(
    ("days", "seed"), [(30, 1), pytest.param(365, 2, marks=pytest.mark.soak)], ids=["month", "year"]
)
@pytest.mark.timeout(3600)
def test_a_disturbed_time_ends_with_the_tables_of_an_undisturbed_one(
    server: Server, days: int, seed: int
) -> None:
    chance = random.Random(seed)
    first = LAST_DAY - timedelta(days=days - 1)
    calendar = [first + timedelta(days=offset) for offset in range(days)]
    with _nights(server) as calm, _nights(server) as rough:
        events = [_wire(each) for each in simulate(2, 12, days, seed, LAST_DAY, calm.database.settings.zone)]
        courses = sorted({event["courseId"] for event in events})
        with calm.database.connect("ingest") as connection:
            deliver(connection, events, calm.database.settings)
        assert calm.run(LAST_DAY + timedelta(days=1)) == 0

        failed = _disturb(rough, calendar, _by_arrival(events, chance), courses[0], chance)
        assert failed, "the bad day and the bad course were seen"
        for table in TABLES:
            found, expected = (numbers(published(each.database, table)) for each in (rough, calm))
            assert found == expected, table
            assert expected, table
        with rough.database.connect("owner") as connection:
            for left in ("ingest.inbox", "analytics.publication_failure"):
                assert connection.execute(f"SELECT count(*) FROM {left}".encode()).fetchone() == (0,)  # noqa: S608  # a name
        assert rough.crashes >= days // 10


def _disturb(
    nights: Nights,
    calendar: Sequence[date],
    arrivals: dict[date, list[dict[str, Any]]],
    bad_course: str,
    chance: random.Random,
) -> int:
    """Let the time pass; how many days and courses failed on the way."""
    bad_day, mended = calendar[len(calendar) // 3], calendar[len(calendar) // 2]
    failed = 0
    days_after = sorted(day for day in arrivals if day > LAST_DAY)
    for day in [*calendar, *days_after]:
        with nights.database.connect("ingest") as connection:
            deliver(connection, arrivals.get(day, []), nights.database.settings)
            if day == bad_day:
                put_batch(connection, bad_day, datetime.now(UTC), 1, GARBAGE)
        if day == mended:
            with nights.database.connect("owner") as owner:
                owner.execute("DELETE FROM ingest.inbox WHERE payload = %s", [GARBAGE])
        tonight = min(day, LAST_DAY) + timedelta(days=1)
        luck = chance.random()
        if luck < 0.2:
            nights.crash(tonight, chance)
        elif luck < 0.9 or day == bad_day:
            failed += nights.run(tonight, bad_course if bad_day <= day < mended else None)
    assert nights.run(LAST_DAY + timedelta(days=1)) == 0
    return failed
