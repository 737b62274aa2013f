"""Published rows for tests: what a test does not name is 0, and every row says which run wrote it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import BigInteger, Table

from analytics_pipeline.database import tables
from analytics_pipeline.metrics.windows import refresh_days, refresh_windows

AS_OF = datetime(2026, 4, 1, tzinfo=UTC)
COMPLETE_THROUGH = date(2026, 3, 31)
RUN_ID = "0f3c9d52-run"
COMPUTED_AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)

DEFAULTS: dict[str, Any] = {
    "computed_at": COMPUTED_AT,
    "run_id": RUN_ID,
    "as_of": AS_OF,
    "active_ms_hist": {},
    "views_by_hour": [0] * 25,
}


def publish(connection: psycopg.Connection, table: Table, *rows: dict[str, Any]) -> None:
    """Insert rows as they are published."""
    names = [column.name for column in table.columns if column.identity is None]
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier("analytics", table.name),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join([sql.Placeholder()] * len(names)),
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, [[_value(table, name, row) for name in names] for row in rows])
    refresh_days(connection, [row["day"] for row in rows if row.get("day")], RUN_ID)
    as_of = max([AS_OF, *(row["as_of"] for row in rows if "as_of" in row)])
    refresh_windows(connection, as_of.date() - timedelta(days=1), as_of, RUN_ID)


def _value(table: Table, name: str, row: dict[str, Any]) -> Any:
    column = table.columns[name]
    default = 0 if isinstance(column.type, BigInteger) and not column.nullable else None
    value = row.get(name, DEFAULTS.get(name, default))
    return Jsonb(value) if isinstance(value, dict) else value


def course_day(course_id: str, day: date, learners: int, **counts: int) -> dict[str, Any]:
    """A row of `course_daily`."""
    return {"course_id": course_id, "day": day, "learners": learners, **counts}


def publish_course_days(connection: psycopg.Connection, *rows: dict[str, Any]) -> None:
    """Make a course known on these days."""
    publish(connection, tables.course_daily, *rows)


def open_signal(rule: str, course_id: str, **more: Any) -> dict[str, Any]:
    """A row of `signal`."""
    return {
        "rule": rule,
        "course_id": course_id,
        "opened_at": date(2026, 3, 20),
        "last_seen_at": COMPLETE_THROUGH,
        "severity": "warning",
        "value": 0.4,
        "threshold": 0.3,
        "evidence": {"numerator": 40, "denominator": 100, "low": 0.31, "high": 0.5},
        **more,
    }


A_RUN: dict[str, Any] = {
    "run_id": RUN_ID,
    "action": "ANALYTICS_JOB_RUN",
    "job": "nightly",
    "status": "FAILED",
    "trigger": "schedule",
    "queued_at": COMPUTED_AT,
    "counts": {"events": 14},
    "updated_at": COMPUTED_AT,
}
"""A row of `job_run`."""


def a_revision(course_id: str, **more: Any) -> dict[str, Any]:
    """A row of `metric_revision`."""
    return {
        "table_name": "course_daily",
        "key": {"course_id": course_id, "day": "2026-03-01"},
        "metric": "learners",
        "old_value": "39",
        "new_value": "40",
        "cause": "late events",
        "changed_at": COMPUTED_AT,
        **more,
    }


def a_received_day(course_id: str, **more: Any) -> dict[str, Any]:
    """A row of `event_day`."""
    return {"course_id": course_id, "day": date(2026, 3, 1), "event_type": "enroll", "events": 7, **more}
