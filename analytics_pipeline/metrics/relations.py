"""The relations that the SQL models read by name, beside the lake's files."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

import pandas as pd
from psycopg import Connection

from analytics_pipeline.days import day_start
from analytics_pipeline.engine import ParquetFiles, Schema, TypedFrame
from analytics_pipeline.lake.catalogue import LakeDay
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.lake.schema import EVENTS, LEARNER_DAYS

SITE_DAYS: Schema = {"day": "DATE", "starts_at": "TIMESTAMPTZ"}
DUPLICATE_COUNT: Schema = {
    "day": "DATE",
    "course_id": "VARCHAR",
    "event_type": "VARCHAR",
    "duplicates": "BIGINT",
}
QUARANTINE_COUNT: Schema = {
    "day": "DATE",
    "course_id": "VARCHAR",
    "event_type": "VARCHAR",
    "conflicts": "BIGINT",
    "rejected": "BIGINT",
}
FUNNEL_WINDOWS: Schema = {"course_id": "VARCHAR", "window_days": "INTEGER"}
REQUIRED_LESSONS: Schema = {"course_id": "VARCHAR", "lesson_idx": "INTEGER"}

_READ_DUPLICATES = """
    SELECT day, course_id, event_type::text, duplicates
      FROM analytics.duplicate_count
     WHERE day = ANY(%s)
"""
# An event of a type that nobody knows is rejected, and counted under no type. A refund of no known order was
# accepted, and is counted as an event: the lake holds it.
_READ_QUARANTINE = """
    SELECT day, course_id, event_type, sum(conflicts)::bigint, sum(rejected)::bigint
      FROM (SELECT day, course_id,
                   CASE WHEN event_type = ANY(enum_range(NULL::analytics.event_type)::text[])
                        THEN event_type END AS event_type,
                   (reason = 'conflict' OR reason LIKE 'conflict:%%')::int AS conflicts,
                   (reason <> 'conflict' AND reason NOT LIKE 'conflict:%%')::int AS rejected
              FROM ingest.quarantine
             WHERE day = ANY(%(days)s) AND reason <> 'unknown_order'
            UNION ALL
            SELECT day, course_id, event_type::text, conflicts, rejected
              FROM analytics.quarantine_count
             WHERE day = ANY(%(days)s)) AS counted
     GROUP BY day, course_id, event_type
"""


def event_files(lake: Lake, rows: Iterable[LakeDay]) -> ParquetFiles:
    """The events of these days."""
    return ParquetFiles(lake.paths(name for row in rows for name in row.files), EVENTS)


def learner_day_files(lake: Lake, rows: Iterable[LakeDay]) -> ParquetFiles:
    """The learner days of these days."""
    return ParquetFiles(lake.paths(name for row in rows for name in row.learner_files), LEARNER_DAYS)


def site_days(days: Sequence[date], zone: ZoneInfo) -> TypedFrame:
    """Each day with its first instant in the site's time zone."""
    starts = [day_start(day, zone) for day in days]
    return TypedFrame(pd.DataFrame({"day": list(days), "starts_at": starts}), SITE_DAYS)


def duplicate_count(connection: Connection, days: Sequence[date]) -> TypedFrame:
    """Repeated deliveries that were left out of these days at sealing."""
    rows = connection.execute(_READ_DUPLICATES, [list(days)]).fetchall()
    return TypedFrame(pd.DataFrame(rows, columns=list(DUPLICATE_COUNT)), DUPLICATE_COUNT)


def quarantine_count(connection: Connection, days: Sequence[date]) -> TypedFrame:
    """Events of these days that are or were in quarantine, conflicts apart."""
    rows = connection.execute(_READ_QUARANTINE, {"days": list(days)}).fetchall()
    return TypedFrame(pd.DataFrame(rows, columns=list(QUARANTINE_COUNT)), QUARANTINE_COUNT)


def funnel_windows(days_by_course: Mapping[str, int]) -> TypedFrame:
    """The courses whose funnel window is not the site's."""
    frame = pd.DataFrame(list(days_by_course.items()), columns=list(FUNNEL_WINDOWS))
    return TypedFrame(frame, FUNNEL_WINDOWS)


def required_lessons(lessons: Iterable[tuple[str, int]]) -> TypedFrame:
    """Course and number of each lesson that the catalogue requires."""
    frame = pd.DataFrame(list(lessons), columns=list(REQUIRED_LESSONS))
    return TypedFrame(frame, REQUIRED_LESSONS)
