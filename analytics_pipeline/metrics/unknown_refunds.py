"""Refunds of no known order wait in quarantine, beside the lake, which holds them like any other event.

They cannot be turned away earlier: the purchase may come later, on any day, and no number may depend on the
order in which events come. So each publication of the cohort tables lists them anew: a refund whose purchase
has come leaves the quarantine. They were accepted, and event_day counts them as events, never as rejected.
"""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd
from psycopg import Connection

from analytics_pipeline.engine import Parameters, Reading
from analytics_pipeline.events import EventType, Reason
from analytics_pipeline.instants import microseconds
from analytics_pipeline.lake.wire import wire_form
from analytics_pipeline.metrics.cohort_inputs import Cohort
from analytics_pipeline.metrics.models import read_sql
from analytics_pipeline.quarantine.ids import quarantine_id

_CREATE = """
    CREATE TEMPORARY TABLE IF NOT EXISTS unknown_refund (LIKE ingest.quarantine INCLUDING DEFAULTS);
    TRUNCATE pg_temp.unknown_refund
"""
_COPY = """
    COPY pg_temp.unknown_refund (id, received_at, day, event_id, course_id, event_type, reason, body)
      FROM STDIN (FORMAT BINARY)
"""
_COPY_TYPES = ["text", "timestamptz", "date", "text", "text", "text", "text", "bytea"]
_RELEASE = """
    DELETE FROM ingest.quarantine AS q
     WHERE q.reason = %(reason)s AND NOT EXISTS (SELECT FROM pg_temp.unknown_refund AS u WHERE u.id = q.id)
       AND (%(courses)s::text[] IS NULL OR q.day < %(kept_since)s
            OR (q.course_id, q.day) IN (SELECT * FROM unnest(%(courses)s::text[], %(days)s::date[])))
"""
_KEEP = """
    INSERT INTO ingest.quarantine (id, received_at, day, event_id, course_id, event_type, reason, body)
    SELECT id, received_at, day, event_id, course_id, event_type, reason, body FROM pg_temp.unknown_refund
    ON CONFLICT (id) DO NOTHING
"""


def all_unknown_refunds(reading: Reading, parameters: Parameters) -> pd.DataFrame:
    """Those of the learner days that are read."""
    return reading.frame(read_sql("unknown_refund"), parameters)


def expect_unknown_refunds(connection: Connection, found: pd.DataFrame, kept_since: date | None) -> None:
    """Put them into the connection's `pg_temp.unknown_refund`, as they will stand in quarantine.

    Those of days before `kept_since` are counted in rows that are frozen, and leave the quarantine.
    """
    if kept_since is not None:
        found = found[found["day"] >= pd.Timestamp(kept_since)]
    connection.execute(_CREATE)
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_COPY_TYPES)
        for refund in found.astype(object).where(found.notna(), None).itertuples(index=False, name=None):
            copy.write_row(_quarantine_row(*refund))


def quarantine_unknown_refunds(
    connection: Connection, kept_since: date | None, cohorts: Sequence[Cohort] | None
) -> None:
    """Make the quarantine hold exactly those that were found, within the caller's transaction.

    What it holds of other courses and days than `cohorts` stays, where these are given.
    """
    parameters = {
        "reason": Reason.UNKNOWN_ORDER.value,
        "kept_since": kept_since,
        "courses": None if cohorts is None else [course for course, _ in cohorts],
        "days": None if cohorts is None else [day for _, day in cohorts],
    }
    connection.execute(_RELEASE, parameters)
    connection.execute(_KEEP)


def _quarantine_row(
    day: Any, course_id: str, learner_id: str | None, event_id: str, at: pd.Timestamp, *about: str | None
) -> tuple[object, ...]:
    """The refund as learner days keep it, which is what the numbers know of it."""
    metadata = dict(zip(("orderId", "amount", "currency"), about, strict=True))
    kind, reason = EventType.REFUND.value, Reason.UNKNOWN_ORDER.value
    body = wire_form(
        event_id=event_id,
        event_type=kind,
        learner_id=learner_id,
        course_id=course_id,
        lesson_idx=None,
        metadata=json.dumps({key: value for key, value in metadata.items() if value is not None}),
        created_at=microseconds(at.to_pydatetime()),
    )
    key = quarantine_id(reason, body)
    return key, at.to_pydatetime(), day.date(), event_id, course_id, kind, reason, body
