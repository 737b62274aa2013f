"""Name the file of all orders, so that a night need not search the learner days of every day for them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COMMENT = (
    "File of the lake with the orders of all learner days that were counted; null where none was written."
)


def upgrade() -> None:
    column = sa.Column("order_file", sa.Text(), comment=COMMENT)
    op.add_column("cohort_publication", column, schema="analytics")


def downgrade() -> None:
    op.drop_column("cohort_publication", "order_file", schema="analytics")
