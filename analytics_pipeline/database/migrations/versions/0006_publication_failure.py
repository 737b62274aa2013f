"""What could not be published, and why."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "publication_failure",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Surrogate."),
        sa.Column("day", sa.Date(), comment="Site day whose tables failed; null where cohort tables did."),
        sa.Column(
            "course_id", sa.Text(), comment="Course set aside in the cohort tables; null: all courses."
        ),
        sa.Column("message", sa.Text(), nullable=False, comment="What is wrong, with the checks that broke."),
        sa.Column("run_id", sa.Text(), nullable=False, comment="The run that failed last."),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False, comment="When it failed last."),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("day", "course_id", postgresql_nulls_not_distinct=True),
        schema="analytics",
        comment="What could not be published and keeps its old numbers; gone with the next success.",
    )
