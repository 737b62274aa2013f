"""Records what a seal leaves out: repeated deliveries are counted, conflicts go to quarantine.

Both read table `left_out` of the seal's DuckDB session and write within the caller's transaction.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from duckdb import DuckDBPyConnection
from psycopg import Connection

from analytics_pipeline.events import Reason
from analytics_pipeline.instants import instant_at
from analytics_pipeline.lake.wire import wire_form
from analytics_pipeline.quarantine.ids import quarantine_id

_ROWS_AT_ONCE = 10_000

_COUNT = "SELECT day, same, count(*) FROM left_out GROUP BY day, same"
_DUPLICATES = """
    SELECT day, course_id, event_type, count(*) FROM left_out WHERE same GROUP BY day, course_id, event_type
"""
_ADD_DUPLICATES = """
    INSERT INTO analytics.duplicate_count (day, course_id, event_type, duplicates)
    VALUES (%s, %s, %s, %s)
    ON CONFLICT (day, course_id, event_type)
    DO UPDATE SET duplicates = duplicate_count.duplicates + excluded.duplicates
"""
_EVENT = ("event_id", "event_type", "learner_id", "course_id", "lesson_idx", "metadata", "created_at")
_CONFLICTS = f"SELECT day, received_at, skew_us, {', '.join(_EVENT)} FROM left_out WHERE NOT same"  # noqa: S608  # constants
_CREATE_CONFLICT = """
    CREATE TEMP TABLE conflict (LIKE ingest.quarantine) ON COMMIT DROP
"""
_COPY_CONFLICTS = """
    COPY conflict (id, received_at, day, skew_us, event_id, course_id, event_type, reason, body)
      FROM STDIN (FORMAT BINARY)
"""
_COPY_TYPES = ["text", "timestamptz", "date", "int8", "text", "text", "text", "text", "bytea"]
_ADD_CONFLICTS = """
    INSERT INTO ingest.quarantine
        (id, received_at, day, skew_us, event_id, course_id, event_type, reason, body)
    SELECT id, received_at, day, skew_us, event_id, course_id, event_type, reason, body FROM conflict
    ON CONFLICT (id) DO NOTHING
"""


@dataclass(frozen=True)
class LeftOut:
    """How many events of each day were left out."""

    duplicates: Counter[date]
    conflicts: Counter[date]

    def on(self, day: date) -> int:
        """All that were left out of this day."""
        return self.duplicates[day] + self.conflicts[day]


def count_left_out(duck: DuckDBPyConnection) -> LeftOut:
    """Count what `left_out` holds."""
    left_out = LeftOut(Counter(), Counter())
    for day, same, events in duck.execute(_COUNT).fetchall():
        (left_out.duplicates if same else left_out.conflicts)[day] += events
    return left_out


def record_duplicates(connection: Connection, duck: DuckDBPyConnection) -> None:
    """Add the repeated deliveries to `analytics.duplicate_count`, under the day of the delivery left out."""
    with connection.cursor() as cursor:
        cursor.executemany(_ADD_DUPLICATES, duck.execute(_DUPLICATES).fetchall())


def quarantine_conflicts(connection: Connection, duck: DuckDBPyConnection) -> None:
    """Put each conflicting event into quarantine; the same one delivered again is kept once."""
    with connection.cursor() as cursor:
        cursor.execute(_CREATE_CONFLICT)
        with cursor.copy(_COPY_CONFLICTS) as copy:
            copy.set_types(_COPY_TYPES)
            found = duck.execute(_CONFLICTS)
            while rows := found.fetchmany(_ROWS_AT_ONCE):
                for row in rows:
                    copy.write_row(_quarantine_row(*row))
        cursor.execute(_ADD_CONFLICTS)


def _quarantine_row(day: date, received_at: int, skew_us: int, *event: Any) -> tuple[object, ...]:
    fields = dict(zip(_EVENT, event, strict=True))
    body = wire_form(**fields)
    key = quarantine_id(Reason.CONFLICT, body)
    received = instant_at(received_at)
    kind = fields["event_type"]
    place = (fields["event_id"], fields["course_id"], kind)
    return key, received, day, skew_us, *place, Reason.CONFLICT.value, body
