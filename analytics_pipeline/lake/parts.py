"""Turns what was read of an inbox day into Parquet files of events: one, or several of a large day."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd

from analytics_pipeline.days import day_end, day_start
from analytics_pipeline.engine import ParquetFiles, TypedFrame, create_view
from analytics_pipeline.events import EventType
from analytics_pipeline.lake import schema
from analytics_pipeline.lake.event_files import write_events
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.lake.inbox import (
    LINES_OF_FILE,
    NUMBERED_LINES_OF_FILE,
    InboxDay,
    UnreadableInboxError,
)
from analytics_pipeline.lake.schema import Kind

_EVENTS = """
    SELECT $day::DATE AS day, event_id, event_type, learner_id, course_id, lesson_idx,
           metadata::VARCHAR AS metadata, make_timestamptz(occurred_at) AS occurred_at,
           make_timestamptz(received_at) AS received_at, skew_us
      FROM """
_ALL_EVENTS = _EVENTS + LINES_OF_FILE
_KEPT_EVENTS = f"""
    {_EVENTS}{NUMBERED_LINES_OF_FILE}
     WHERE position NOT IN (SELECT position FROM left_out WHERE day = $day)
"""  # noqa: S608  # constants

_UNSOUND = """
    SELECT day, count(*)
      FROM fresh
      JOIN site_days USING (day)
     WHERE event_id IS NULL OR skew_us IS NULL
        OR coalesce(NOT list_contains($event_types, event_type), true)
        OR coalesce(NOT starts_with(metadata, '{'), true)
        OR coalesce(occurred_at < starts_at OR occurred_at >= ends_at, true)
        OR received_at IS NULL
     GROUP BY day
     ORDER BY day
"""
_SITE_DAYS = {"day": "DATE", "starts_at": "TIMESTAMPTZ", "ends_at": "TIMESTAMPTZ"}


@dataclass
class Part:
    """The events of one inbox day, in files that nothing names yet; no file where all were left out."""

    read: InboxDay
    names: list[str] = field(default_factory=list)
    events: int = 0


def write_part(duck: duckdb.DuckDBPyConnection, lake: Lake, read: InboxDay, version: int) -> Part:
    """Write all events of the day. Raises UnreadableInboxError when any line is not a stored event."""
    if not read.is_known:
        raise _unreadable(read)
    if read.events == 0 and read.kept_out:
        return Part(read)
    try:
        part = _write(duck, lake, read, version, _ALL_EVENTS)
    except (duckdb.InvalidInputException, duckdb.DataError) as error:
        raise _unreadable(read) from error
    if part.events != read.events:
        lake.remove(part.names)
        raise _unreadable(read)
    return part


def rewrite_part(
    duck: duckdb.DuckDBPyConnection, lake: Lake, part: Part, left_out: int, version: int
) -> Part:
    """Write the day's events again, without those of table `left_out`, in the place of `part`."""
    lake.remove(part.names)
    if left_out == part.events:
        return Part(part.read)
    return _write(duck, lake, part.read, version, _KEPT_EVENTS)


def verify_parts(duck: duckdb.DuckDBPyConnection, lake: Lake, parts: Sequence[Part], zone: ZoneInfo) -> None:
    """Make the view `fresh` of all events of the parts; raise UnreadableInboxError when any is not sound."""
    create_view(
        duck, "fresh", ParquetFiles(lake.paths(name for part in parts for name in part.names), schema.EVENTS)
    )
    create_view(duck, "site_days", _site_days([part.read.day for part in parts], zone))
    unsound = duck.execute(_UNSOUND, {"event_types": [kind.value for kind in EventType]}).fetchall()
    for part in parts:
        for day, events in unsound:
            if day == part.read.day:
                raise _unreadable(
                    part.read, f"{events} events lack a field, have an unknown type or lie outside the day"
                )


def _write(duck: duckdb.DuckDBPyConnection, lake: Lake, read: InboxDay, version: int, sql: str) -> Part:
    name = lake.new_name(Kind.EVENTS, read.day, version)
    parameters = {"day": read.day, "file": str(read.path), "lenient": False}
    try:
        names, events = write_events(duck, lake, sql, parameters, name=name, expected=read.events)
    except BaseException:
        lake.remove([name])
        raise
    return Part(read, names, events)


def _unreadable(
    read: InboxDay, otherwise: str = "it does not hold as many events as it says"
) -> UnreadableInboxError:
    return UnreadableInboxError(
        f"{read.day} was not sealed: {read.fault() or otherwise}; its {len(read.row_ids)} rows stay in"
        " ingest.inbox, correct or remove what is wrong and run the day again."
    )


def _site_days(days: Collection[date], zone: ZoneInfo) -> TypedFrame:
    rows = [(day, day_start(day, zone), day_end(day, zone)) for day in days]
    return TypedFrame(pd.DataFrame(rows, columns=list(_SITE_DAYS)), _SITE_DAYS)
