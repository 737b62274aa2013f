"""Deliveries of events: put into the inbox as the ingest service would, and judged by a plain oracle."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from analytics_pipeline.days import day_of, day_start
from analytics_pipeline.engine import ParquetFiles
from analytics_pipeline.instants import microseconds
from analytics_pipeline.lake import schema
from analytics_pipeline.lake.catalogue import lake_days
from analytics_pipeline.lake.wire import wire_form
from analytics_pipeline.run import PipelineRun
from tests.conftest import Database
from tests.inbox import put_batch

FIRST = date(2024, 3, 1)
UTC_ZONE = ZoneInfo("UTC")


CLEAR = """
    TRUNCATE ingest.inbox, ingest.quarantine, analytics.lake_day, analytics.duplicate_count
"""


def clear(database: Database) -> None:
    """Forget every event."""
    with database.connect("owner") as owner:
        owner.execute(CLEAR)


@dataclass(frozen=True)
class Delivery:
    """One event as it was accepted; `day` counts from FIRST."""

    id: str
    day: int
    second: int = 0
    received: int = 0
    kind: str = "lesson_viewed"
    learner: str | None = "learner-1"
    course: str | None = "course-1"
    lesson: int | None = 1
    metadata: str = "{}"
    skew: int = 0

    @property
    def site_day(self) -> date:
        return FIRST + timedelta(days=self.day)

    def stored(self, zone: ZoneInfo) -> dict[str, Any]:
        """The event as a line of the inbox, its metadata still text."""
        occurred = microseconds(day_start(self.site_day, zone)) + self.second * 1_000_000
        return {
            "event_id": self.id,
            "event_type": self.kind,
            "learner_id": self.learner,
            "course_id": self.course,
            "lesson_idx": self.lesson,
            "metadata": self.metadata,
            "occurred_at": occurred,
            "received_at": microseconds(datetime(2024, 6, 1, tzinfo=UTC)) + self.received,
            "skew_us": self.skew,
        }

    def line(self, zone: ZoneInfo) -> bytes:
        stored = self.stored(zone)
        fields = [f"{json.dumps(k)}: {v if k == 'metadata' else json.dumps(v)}" for k, v in stored.items()]
        return ("{" + ", ".join(fields) + "}\n").encode()

    def row(self, zone: ZoneInfo) -> tuple[Any, ...]:
        return (self.site_day, *self.stored(zone).values())


def deliver(connection: psycopg.Connection, deliveries: Iterable[Delivery], zone: ZoneInfo) -> None:
    """Put one batch into the inbox: a row for each of its days."""
    days: dict[date, list[bytes]] = {}
    for delivery in deliveries:
        assert day_of(datetime.now(UTC), zone) > delivery.site_day
        days.setdefault(delivery.site_day, []).append(delivery.line(zone))
    for day, lines in days.items():
        put_batch(connection, day, datetime.now(UTC), len(lines), b"".join(lines))


@dataclass
class Oracle:
    """Takes deliveries in the order of their arrival, one by one, and says what becomes of each."""

    standing: dict[str, dict[int, Delivery]] = field(default_factory=dict)
    duplicates: Counter[int] = field(default_factory=Counter)
    conflicts: list[Delivery] = field(default_factory=list)

    def take(self, delivery: Delivery) -> None:
        same_id = self.standing.setdefault(delivery.id, {})
        near = [same_id[day] for day in range(delivery.day - 1, delivery.day + 2) if day in same_id]
        if not near:
            same_id[delivery.day] = delivery
        elif any(_wire(other) == _wire(delivery) for other in near):
            self.duplicates[delivery.day] += 1
        else:
            self.conflicts.append(delivery)

    def rows(self, zone: ZoneInfo) -> list[tuple[Any, ...]]:
        return sorted(
            (event.row(zone) for days in self.standing.values() for event in days.values()), key=str
        )

    def conflicting(self) -> set[bytes]:
        """What was quarantined, in wire form; the same event again is one, whatever day it was taken for."""
        return {
            wire_form(
                event_id=event.id,
                event_type=event.kind,
                learner_id=event.learner,
                course_id=event.course,
                lesson_idx=event.lesson,
                metadata=event.metadata,
                created_at=microseconds(day_start(event.site_day, UTC_ZONE))
                + event.second * 1_000_000
                - event.skew,
            )
            for event in self.conflicts
        }


def _wire(delivery: Delivery) -> tuple[Any, ...]:
    created = delivery.day * 86_400_000_000 + delivery.second * 1_000_000 - delivery.skew
    value = json.dumps(json.loads(delivery.metadata), sort_keys=True)
    return delivery.id, delivery.kind, delivery.learner, delivery.course, delivery.lesson, created, value


def lake_rows(run: PipelineRun, days: Sequence[date]) -> list[tuple[Any, ...]]:
    """All events that the catalogue names for these days, instants as microseconds, in a fixed order."""
    rows = lake_days(run.connection, days).values()
    files = ParquetFiles([run.lake.path(name) for row in rows for name in row.files], schema.EVENTS)
    with run.engine.session({"events": files}) as duck:
        found = duck.execute(
            "SELECT * REPLACE (epoch_us(occurred_at) AS occurred_at, epoch_us(received_at) AS received_at)"
            " FROM events"
        ).fetchall()
    return sorted(found, key=str)
