"""The audit log of runs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_run",
        sa.Column(
            "run_id",
            sa.Text(),
            nullable=False,
            comment="Dagster's run, or schedule and instant of a skipped one.",
        ),
        sa.Column("action", sa.Text(), nullable=False, comment="What was done: ANALYTICS_JOB_RUN."),
        sa.Column(
            "job", sa.Text(), nullable=False, comment="The job; `assets` where assets were picked by hand."
        ),
        sa.Column(
            "status", sa.Text(), nullable=False, comment="QUEUED, STARTED, SUCCESS, FAILED or SKIPPED."
        ),
        sa.Column("trigger", sa.Text(), nullable=False, comment="schedule, sensor, ui, backfill or cli."),
        sa.Column("partition", sa.Text(), comment="Days that were asked for, as `first` or `first to last`."),
        sa.Column(
            "queued_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was asked for, or scheduled.",
        ),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            comment="When its process began; null while it is queued.",
        ),
        sa.Column(
            "ended_at", sa.DateTime(timezone=True), comment="When it ended; null while it is in flight."
        ),
        sa.Column("duration_ms", sa.BigInteger(), comment="Milliseconds from start to end."),
        sa.Column("error", sa.Text(), comment="Why it failed or was skipped."),
        sa.Column(
            "counts",
            postgresql.JSONB(),
            nullable=False,
            comment="What it got done: days, events, rows, revisions.",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="The last change that Dagster has recorded of it.",
        ),
        sa.PrimaryKeyConstraint("run_id"),
        sa.CheckConstraint(
            "status IN ('QUEUED', 'STARTED', 'SUCCESS', 'FAILED', 'SKIPPED')", name="job_run_status"
        ),
        sa.CheckConstraint(
            "trigger IN ('schedule', 'sensor', 'ui', 'backfill', 'cli')", name="job_run_trigger"
        ),
        schema="analytics",
        comment="Audit log of runs and skipped nights: a copy of Dagster's records that outlives them.",
    )
    op.create_index("job_run_by_queued_at", "job_run", ["queued_at", "run_id"], schema="analytics")
    op.create_index("job_run_by_updated_at", "job_run", ["updated_at"], schema="analytics")
