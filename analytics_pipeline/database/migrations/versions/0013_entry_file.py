"""Name the file of all entries, so that a night need not look for a learner's first days in every day."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

COMMENT = (
    "File of the lake with the first days of all learners that were counted; null where none was written."
)


def upgrade() -> None:
    column = sa.Column("entry_file", sa.Text(), comment=COMMENT)
    op.add_column("cohort_publication", column, schema="analytics")


def downgrade() -> None:
    op.drop_column("cohort_publication", "entry_file", schema="analytics")
