"""Keep of a rejected event how it came, so that a replayed one gets the same day and id as at first."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "quarantine",
        sa.Column(
            "key_id",
            sa.Text(),
            nullable=True,
            comment="The write key that it came with; null for a conflict found at sealing.",
        ),
        schema="ingest",
    )
    op.add_column(
        "quarantine",
        sa.Column(
            "skew_us",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="Microseconds by which the client's clock was corrected when it came.",
        ),
        schema="ingest",
    )
