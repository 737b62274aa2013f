"""What is kept of runs: their log, and what they could not publish."""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    Identity,
    Index,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from analytics_pipeline.audit.job_run import RunStatus, Trigger
from analytics_pipeline.database.tables.columns import INSTANT, metadata


def _one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    values = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({values})", name=f"job_run_{column}")


job_run = Table(
    "job_run",
    metadata,
    Column(
        "run_id", Text, primary_key=True, comment="Dagster's run, or schedule and instant of a skipped one."
    ),
    Column("action", Text, nullable=False, comment="What was done: ANALYTICS_JOB_RUN."),
    Column("job", Text, nullable=False, comment="The job; `assets` where assets were picked by hand."),
    Column("status", Text, nullable=False, comment="QUEUED, STARTED, SUCCESS, FAILED or SKIPPED."),
    Column("trigger", Text, nullable=False, comment="schedule, sensor, ui, backfill or cli."),
    Column("partition", Text, comment="Days that were asked for, as `first` or `first to last`."),
    Column("queued_at", INSTANT, nullable=False, comment="When it was asked for, or scheduled."),
    Column("started_at", INSTANT, comment="When its process began; null while it is queued."),
    Column("ended_at", INSTANT, comment="When it ended; null while it is in flight."),
    Column("duration_ms", BigInteger, comment="Milliseconds from start to end."),
    Column("error", Text, comment="Why it failed or was skipped."),
    Column("counts", JSONB, nullable=False, comment="What it got done: days, events, rows, revisions."),
    Column("updated_at", INSTANT, nullable=False, comment="The last change that Dagster has recorded of it."),
    _one_of("status", RunStatus),
    _one_of("trigger", Trigger),
    Index("job_run_by_queued_at", "queued_at", "run_id"),
    Index("job_run_by_updated_at", "updated_at"),
    schema="analytics",
    comment="Audit log of runs and skipped nights: a copy of Dagster's records that outlives them.",
)

publication_failure = Table(
    "publication_failure",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Surrogate."),
    Column("day", Date, comment="Site day whose tables failed; null where cohort tables did."),
    Column("course_id", Text, comment="Course set aside in the cohort tables; null: all courses."),
    Column("message", Text, nullable=False, comment="What is wrong, with the checks that broke."),
    Column("run_id", Text, nullable=False, comment="The run that failed last."),
    Column("failed_at", INSTANT, nullable=False, comment="When it failed last."),
    UniqueConstraint("day", "course_id", postgresql_nulls_not_distinct=True),
    schema="analytics",
    comment="What could not be published and keeps its old numbers; gone with the next success.",
)
