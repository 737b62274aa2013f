"""The metrics of the pipeline, each with its query: counts and instants, of no course and no learner."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import TextClause, text


@dataclass(frozen=True)
class Metric:
    """A metric; without `analytics_` and `_total` its name is the column of its question's answer."""

    name: str
    help: str
    kind: Literal["counter", "gauge"] = "gauge"

    @property
    def full_name(self) -> str:
        """As Prometheus shows it."""
        return f"analytics_{self.name}{'_total' if self.kind == 'counter' else ''}"


@dataclass(frozen=True)
class Question:
    """A query and the metrics that it answers; each row is a sample of each, and null is no sample."""

    sql: TextClause
    metrics: tuple[Metric, ...]
    labels: tuple[str, ...] = ()


_RUNS = text("""
    SELECT job, status, count(*) AS job_runs FROM analytics.job_run
     WHERE status IN ('SUCCESS', 'FAILED', 'SKIPPED') GROUP BY job, status
""")
_ENDS = text("""
    SELECT job,
           extract(epoch FROM max(ended_at) FILTER (WHERE status = 'SUCCESS'))
               AS job_last_success_timestamp_seconds,
           extract(epoch FROM max(coalesce(ended_at, updated_at)) FILTER (WHERE status = 'FAILED'))
               AS job_last_failure_timestamp_seconds,
           (array_agg(duration_ms ORDER BY ended_at DESC) FILTER (WHERE duration_ms IS NOT NULL))[1] / 1000.0
               AS job_last_duration_seconds
      FROM analytics.job_run GROUP BY job
""")
_IN_FLIGHT = text("""
    SELECT status, count(run_id) AS runs_in_flight,
           coalesce(extract(epoch FROM now() - min(coalesce(started_at, queued_at))), 0)
               AS oldest_run_age_seconds
      FROM unnest(ARRAY['QUEUED', 'STARTED']) AS status LEFT JOIN analytics.job_run USING (status)
     GROUP BY status
""")
_DONE = text("""
    SELECT coalesce(sum((counts ->> 'events')::bigint), 0) AS events_sealed,
           coalesce(sum((counts ->> 'rows')::bigint), 0) AS rows_published
      FROM analytics.job_run
""")
_INBOX = text("""
    SELECT coalesce(sum(events), 0) AS unsealed_events, coalesce(sum(bytes), 0) AS inbox_bytes,
           coalesce(extract(epoch FROM now() - min(oldest_received_at)), 0)
               AS oldest_unsealed_event_age_seconds
      FROM analytics.pipeline_state
""")
_LAKE = text("SELECT coalesce(sum(bytes), 0) AS lake_bytes FROM analytics.lake_day")
_DAYS = text("""
    WITH waiting AS MATERIALIZED (SELECT day FROM analytics.pipeline_state),
    site AS (
        SELECT least((SELECT min(day) FROM analytics.lake_day WHERE events > 0),
                     (SELECT min(day) FROM waiting)) AS first_day
    ),
    past AS (
        SELECT past::date AS day FROM site, generate_series(first_day, CAST(:today AS date) - 1, '1 day') past
    ),
    due AS (
        SELECT day FROM waiting WHERE day < :today
        UNION
        SELECT day FROM analytics.lake_day
         WHERE day < :today AND (published_version IS NULL OR published_version < version)
        UNION
        SELECT day FROM past WHERE day NOT IN (SELECT day FROM analytics.lake_day)
        EXCEPT
        SELECT day FROM analytics.lake_day WHERE pruned_at IS NOT NULL
    ),
    gap AS (
        SELECT min(day) AS day FROM past
         WHERE day NOT IN (SELECT day FROM analytics.lake_day WHERE published_version IS NOT NULL)
    )
    SELECT (SELECT count(*) FROM due) AS due_days,
           extract(epoch FROM (SELECT min(day) FROM due)::timestamp AT TIME ZONE :zone)
               AS oldest_due_day_timestamp_seconds,
           extract(epoch FROM coalesce(gap.day, :today)::timestamp AT TIME ZONE :zone)
               AS complete_through_timestamp_seconds
      FROM site, gap WHERE first_day IS NOT NULL
""")
_TABLES = text("""
    SELECT relname AS "table", greatest(reltuples, 0) AS table_rows_estimate
      FROM pg_class WHERE relnamespace = 'analytics'::regnamespace AND relname = ANY(:published)
""")
_SIGNALS = text("""
    SELECT rule, count(*) AS open_signals FROM analytics.signal WHERE resolved_at IS NULL GROUP BY rule
""")
_FAILURES = text("SELECT count(*) AS publication_failures FROM analytics.publication_failure")

QUESTIONS = (
    Question(
        _RUNS,
        (Metric("job_runs", "Runs and skipped nights that are over, by how they ended.", "counter"),),
        ("job", "status"),
    ),
    Question(
        _ENDS,
        (
            Metric("job_last_success_timestamp_seconds", "When a run succeeded last."),
            Metric("job_last_failure_timestamp_seconds", "When a run failed last."),
            Metric("job_last_duration_seconds", "How long the run took that ended last."),
        ),
        ("job",),
    ),
    Question(
        _IN_FLIGHT,
        (
            Metric("runs_in_flight", "Runs that are queued or started."),
            Metric("oldest_run_age_seconds", "For how long the oldest of them has been so; 0 without any."),
        ),
        ("status",),
    ),
    Question(
        _DONE,
        (
            Metric("events_sealed", "Events that runs have sealed.", "counter"),
            Metric("rows_published", "Rows that runs have published.", "counter"),
        ),
    ),
    Question(
        _INBOX,
        (
            Metric("unsealed_events", "Events in the inbox, repeated deliveries included."),
            Metric("inbox_bytes", "Size of the events in the inbox."),
            Metric("oldest_unsealed_event_age_seconds", "How long ago the oldest of them was received."),
        ),
    ),
    Question(_LAKE, (Metric("lake_bytes", "Size of the sealed events in the lake."),)),
    Question(
        _DAYS,
        (
            Metric("due_days", "Past days that have something to seal or to publish."),
            Metric("oldest_due_day_timestamp_seconds", "When the oldest due day began."),
            Metric(
                "complete_through_timestamp_seconds",
                "End of the last day up to which all are published; start of the first day where none is.",
            ),
        ),
    ),
    Question(
        _TABLES,
        (Metric("table_rows_estimate", "Rows of a published table, as PostgreSQL estimates them."),),
        ("table",),
    ),
    Question(_SIGNALS, (Metric("open_signals", "Signals that are open, by rule."),), ("rule",)),
    Question(
        _FAILURES,
        (Metric("publication_failures", "Days and courses that keep old numbers, since new ones failed."),),
    ),
)
