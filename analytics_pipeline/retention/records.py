"""Lets go of rows after their time: quarantined events (their counts stay), changes of published numbers."""

from datetime import UTC, datetime, timedelta
from typing import LiteralString

from psycopg import Connection

from analytics_pipeline.days import day_of, day_start
from analytics_pipeline.run import PipelineRun
from analytics_pipeline.settings import Settings

ROWS_AT_ONCE = 20_000

COUNT_QUARANTINE: LiteralString = "SELECT count(*) FROM ingest.quarantine WHERE received_at < %s"
COUNT_REVISIONS: LiteralString = "SELECT count(*) FROM analytics.metric_revision WHERE changed_at < %s"

_PRUNE_QUARANTINE: LiteralString = """
    WITH gone AS (
        DELETE FROM ingest.quarantine
         WHERE id = ANY(ARRAY(SELECT id FROM ingest.quarantine WHERE received_at < %(before)s LIMIT %(most)s))
        RETURNING day, course_id, event_type, reason,
                  reason = 'conflict' OR reason LIKE 'conflict:%%' AS is_conflict
    ), counted AS (
        INSERT INTO analytics.quarantine_count AS c (day, course_id, event_type, conflicts, rejected)
        SELECT day, course_id,
               CASE WHEN event_type = ANY(enum_range(NULL::analytics.event_type)::text[])
                    THEN event_type::analytics.event_type END,
               count(*) FILTER (WHERE is_conflict), count(*) FILTER (WHERE NOT is_conflict)
          FROM gone
         WHERE reason <> 'unknown_order' -- counted by course_refund
         GROUP BY 1, 2, 3
        ON CONFLICT (day, course_id, event_type)
        DO UPDATE SET conflicts = c.conflicts + excluded.conflicts, rejected = c.rejected + excluded.rejected
    )
    SELECT count(*) FROM gone
"""
_PRUNE_REVISIONS: LiteralString = """
    WITH gone AS (
        DELETE FROM analytics.metric_revision
         WHERE id = ANY(ARRAY(SELECT id FROM analytics.metric_revision WHERE changed_at < %(before)s
                               LIMIT %(most)s))
        RETURNING 1
    )
    SELECT count(*) FROM gone
"""


def quarantine_horizon(settings: Settings, now: datetime) -> datetime | None:
    """The instant before which a quarantined event was received too long ago; None: all are kept."""
    return _horizon(settings, settings.quarantine_days, now)


def revision_horizon(settings: Settings, now: datetime) -> datetime | None:
    """The instant before which a number changed too long ago; None: all changes are kept."""
    return _horizon(settings, settings.revision_days, now)


def count_before(connection: Connection, query: LiteralString, horizon: datetime | None) -> int:
    """What one of the counting queries gives for this horizon."""
    row = connection.execute(query, [horizon]).fetchone() if horizon is not None else None
    return int(row[0]) if row else 0


def prune_quarantine(run: PipelineRun, now: datetime) -> int:
    """Remove the events that are too long in quarantine; return how many. event_day goes on counting them."""
    return _prune(run, _PRUNE_QUARANTINE, quarantine_horizon(run.settings, now))


def prune_revisions(run: PipelineRun, now: datetime) -> int:
    """Remove changes of published numbers that are too old, and return how many."""
    return _prune(run, _PRUNE_REVISIONS, revision_horizon(run.settings, now))


def _horizon(settings: Settings, days: int | None, now: datetime) -> datetime | None:
    if days is None:
        return None
    return day_start(day_of(now.astimezone(UTC), settings.zone) - timedelta(days=days), settings.zone)


def _prune(run: PipelineRun, statement: LiteralString, horizon: datetime | None) -> int:
    """In commits of some thousand rows, so that none holds its locks for long."""
    gone = 0
    while horizon is not None:
        with run.connection.transaction():
            run.turn.check(run.connection)
            parameters = {"before": horizon, "most": ROWS_AT_ONCE}
            row = run.connection.execute(statement, parameters).fetchone()
        removed = int(row[0]) if row else 0
        gone += removed
        if removed < ROWS_AT_ONCE:
            break
    return gone
