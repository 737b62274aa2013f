"""Writing the audit log: upserts by run id, so that whoever comes second changes nothing."""

from collections.abc import Iterable
from datetime import datetime

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from analytics_pipeline.audit.job_run import IN_FLIGHT, JobRun, RunStatus, Trigger

_UPSERT = """
    INSERT INTO analytics.job_run AS known
           (run_id, action, job, status, trigger, partition, queued_at, started_at, ended_at, duration_ms,
            error, counts, updated_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (run_id) DO UPDATE
       SET status = excluded.status, trigger = excluded.trigger, partition = excluded.partition,
           started_at = excluded.started_at, ended_at = excluded.ended_at,
           duration_ms = excluded.duration_ms, error = excluded.error, counts = excluded.counts,
           updated_at = excluded.updated_at
     WHERE known.updated_at < excluded.updated_at
"""
_NEWEST = "SELECT max(updated_at) FROM analytics.job_run"
_KNOWN = "SELECT run_id, updated_at FROM analytics.job_run WHERE run_id = ANY(%s)"
_IN_FLIGHT = "SELECT run_id FROM analytics.job_run WHERE status = ANY(%s)"
_WENT_WRONG = """
    SELECT run_id, action, job, status, trigger, partition, queued_at, started_at, ended_at, error, counts,
           updated_at
      FROM analytics.job_run
     WHERE (status = 'FAILED' OR status = 'SKIPPED' AND trigger = 'schedule') AND updated_at > %s
     ORDER BY updated_at, run_id
"""
_END = """
    UPDATE analytics.job_run SET status = 'FAILED', error = %s
     WHERE run_id = ANY(%s) AND status = ANY(%s)
"""


def upsert(connection: Connection, runs: Iterable[JobRun]) -> None:
    """Write entries; one that is there already changes only when it is newer than what is known."""
    with connection.cursor() as cursor:
        cursor.executemany(_UPSERT, [_row(run) for run in runs])


def newest_change(connection: Connection) -> datetime | None:
    """The newest change that any entry holds; None before the first entry."""
    row = connection.execute(_NEWEST).fetchone()
    return row[0] if row else None


def known_changes(connection: Connection, run_ids: Iterable[str]) -> dict[str, datetime]:
    """For those of the runs that have an entry, the change that it holds."""
    return dict(connection.execute(_KNOWN, [list(run_ids)]).fetchall())


def runs_in_flight(connection: Connection) -> list[str]:
    """Runs that are queued or started as far as the log knows."""
    return [run_id for (run_id,) in connection.execute(_IN_FLIGHT, [list(IN_FLIGHT)])]


def went_wrong(connection: Connection, since: datetime) -> list[JobRun]:
    """Runs that failed and nights that were skipped and that changed after `since`, oldest change first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_WENT_WRONG, [since]).fetchall()
    return [
        JobRun(**row | {"status": RunStatus(row["status"]), "trigger": Trigger(row["trigger"])})
        for row in rows
    ]


def end_unknown(connection: Connection, run_ids: Iterable[str], reason: str) -> None:
    """Record as failed what is in flight in the log and gone from Dagster's records."""
    connection.execute(_END, [reason, list(run_ids), list(IN_FLIGHT)])


def _row(run: JobRun) -> tuple[object, ...]:
    return (
        run.run_id,
        run.action,
        run.job,
        run.status,
        run.trigger,
        run.partition,
        run.queued_at,
        run.started_at,
        run.ended_at,
        run.duration_ms,
        run.error,
        Jsonb(run.counts),
        run.updated_at,
    )
