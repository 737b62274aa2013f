"""The inbox as the ingest service leaves it, filled without that service."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime

import psycopg

from analytics_pipeline.days import day_of
from analytics_pipeline.instants import microseconds
from analytics_pipeline.settings import Settings
from tests.metrics.oracle import Wire


def put_batch(
    connection: psycopg.Connection, day: date, received_at: datetime, events: int, payload: bytes
) -> None:
    """Put this in as one batch, whatever it is."""
    connection.execute(
        "INSERT INTO ingest.inbox (day, received_at, events, payload) VALUES (%s, %s, %s, %s)",
        [day, received_at, events, payload],
    )


def deliver(connection: psycopg.Connection, wire: Iterable[Wire], settings: Settings) -> set[date]:
    """Put one batch into the inbox, as the ingest service leaves it; return the days that it touches."""
    lines: dict[date, list[str]] = {}
    received = datetime.now(UTC)
    for event in wire:
        at = datetime.fromisoformat(event["createdAt"])
        stored = {
            "event_id": event["id"],
            "event_type": event["eventType"],
            "learner_id": event["userId"],
            "course_id": event["courseId"],
            "lesson_idx": event["lessonIdx"],
            "metadata": event["metadata"],
            "occurred_at": microseconds(at),
            "received_at": microseconds(received),
            "skew_us": 0,
        }
        lines.setdefault(day_of(at, settings.zone), []).append(json.dumps(stored))
    for day, batch in lines.items():
        payload = "".join(line + "\n" for line in batch).encode()
        put_batch(connection, day, received, len(batch), payload)
    return set(lines)
