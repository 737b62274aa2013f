"""Days whose learner days are gone, counts of pruned quarantine rows, erasures."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COMMENTS = {
    "events": "Events of the day; of a pruned one, how many there were.",
    "learner_files": "Learner-day files, relative to the lake; of the last frozen day: what all of them carry on.",
    "pruned_at": "When the raw files were removed; such a day is sealed and published no more.",
}


def upgrade() -> None:
    op.add_column(
        "lake_day",
        sa.Column(
            "frozen_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When its learner days were removed; rows of this and earlier cohort days stay as they are.",
        ),
        schema="analytics",
    )
    for column, comment in COMMENTS.items():
        op.execute(f"COMMENT ON COLUMN analytics.lake_day.{column} IS '{comment}'")
    op.create_table(
        "quarantine_count",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Surrogate.",
        ),
        sa.Column("day", sa.Date(), nullable=False, comment="Site day."),
        sa.Column("course_id", sa.Text(), nullable=True, comment="Course; null for events without one."),
        sa.Column(
            "event_type",
            postgresql.ENUM(name="event_type", schema="analytics", create_type=False),
            nullable=True,
            comment="Event type; null for events of an unknown type.",
        ),
        sa.Column(
            "conflicts",
            sa.BigInteger(),
            nullable=False,
            comment="Events that were in quarantine because their id was taken by another event.",
        ),
        sa.Column(
            "rejected",
            sa.BigInteger(),
            nullable=False,
            comment="Events that were in quarantine for any other reason.",
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("day", "course_id", "event_type", postgresql_nulls_not_distinct=True),
        schema="analytics",
        comment="Events pruned from quarantine, so that event_day counts them still.",
    )
    op.create_table(
        "erasure",
        sa.Column("id", sa.Text(), nullable=False, comment="Public name of the erasure, on its receipt."),
        sa.Column(
            "started_at", sa.DateTime(timezone=True), nullable=False, comment="When it was asked for last."
        ),
        sa.Column(
            "finished_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When everything within reach was gone; null while it is not.",
        ),
        sa.Column("events", sa.BigInteger(), nullable=False, comment="Events removed from the lake."),
        sa.Column(
            "days", postgresql.ARRAY(sa.Date()), nullable=False, comment="Site days that lost any of them."
        ),
        sa.Column(
            "quarantined", sa.BigInteger(), nullable=False, comment="Rows removed from the quarantine."
        ),
        sa.Column(
            "unreached",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="What it could not reach, a sentence each.",
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="analytics",
        comment="Receipts of erasures; they name no learner.",
    )
    op.create_table(
        "tombstone",
        sa.Column(
            "learner_hash", sa.Text(), nullable=False, comment="HMAC-SHA256 of the learner id, in hex."
        ),
        sa.Column("key_id", sa.Text(), nullable=False, comment="Which key the hash was made with."),
        sa.Column("erasure_id", sa.Text(), nullable=False, comment="The erasure that made it."),
        sa.Column(
            "kept_out",
            sa.BigInteger(),
            nullable=False,
            comment="Events of the learner found in the inbox and kept out of the lake.",
        ),
        sa.ForeignKeyConstraint(["erasure_id"], ["analytics.erasure.id"]),
        sa.PrimaryKeyConstraint("learner_hash"),
        schema="analytics",
        comment="Learners who were erased: events that are sent again stay out of the lake.",
    )


def downgrade() -> None:
    for table in ("tombstone", "erasure", "quarantine_count"):
        op.drop_table(table, schema="analytics")
    op.drop_column("lake_day", "frozen_at", schema="analytics")
