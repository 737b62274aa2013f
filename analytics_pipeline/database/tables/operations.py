"""What runs and people are held to: the zone, the turn, revisions of numbers, tokens."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from analytics_pipeline.database.tables.columns import INSTANT, metadata

site = Table(
    "site",
    metadata,
    Column(
        "id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False, comment="Always 1."
    ),
    Column("timezone", Text, nullable=False, comment="IANA zone whose calendar days are counted."),
    schema="analytics",
    comment="What was fixed at the first migration.",
)

turn = Table(
    "turn",
    metadata,
    Column(
        "id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False, comment="Always 1."
    ),
    Column("epoch", BigInteger, nullable=False, comment="Raised whenever the turn changes hands."),
    Column("run_id", Text, comment="The run that took the turn last."),
    Column("backend_pid", Integer, comment="The database session that holds it."),
    Column("taken_at", INSTANT, comment="When it was taken."),
    schema="analytics",
    comment="The right to write: one run at a time; every commit of a run checks its epoch.",
)

metric_revision = Table(
    "metric_revision",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Surrogate."),
    Column("table_name", Text, nullable=False, comment="Published table."),
    Column("key", JSONB, nullable=False, comment="Key of the row."),
    Column("metric", Text, nullable=False, comment="Column that changed."),
    Column("old_value", Text, comment="Published before; null where the row is new."),
    Column("new_value", Text, comment="Published now; null where the row is gone."),
    Column("cause", Text, nullable=False, comment="Why it changed."),
    Column("changed_at", INSTANT, nullable=False, comment="When it changed."),
    Column("run_id", Text, nullable=False, comment="The run that changed it."),
    Index("metric_revision_by_course", text("(key ->> 'course_id')"), "id"),
    schema="analytics",
    comment="Every published number that changed after its day was complete.",
)

admin_token = Table(
    "admin_token",
    metadata,
    Column("id", Text, primary_key=True, comment="Public name of the token, for revoking it."),
    Column("token_hash", Text, nullable=False, unique=True, comment="SHA-256 of the token."),
    Column("note", Text, nullable=False, comment="Who holds it."),
    Column("role", Text, nullable=False, comment="What it is for; only admin reads numbers."),
    Column("courses", ARRAY(Text), comment="Courses that it may read; null: all of them."),
    Column("created_at", INSTANT, nullable=False, comment="When it was made."),
    Column("expires_at", INSTANT, comment="When it ceases to work; null: when revoked."),
    Column("revoked_at", INSTANT, comment="When it was revoked."),
    schema="analytics",
    comment="Tokens for the admin API; only hashes are kept.",
)
