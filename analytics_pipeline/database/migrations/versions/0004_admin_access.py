"""Let an admin token say what it is for and which courses it may read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "admin_token",
        sa.Column(
            "role",
            sa.Text(),
            nullable=False,
            server_default="admin",
            comment="What it is for; only admin reads numbers.",
        ),
        schema="analytics",
    )
    op.alter_column("admin_token", "role", server_default=None, schema="analytics")
    op.add_column(
        "admin_token",
        sa.Column(
            "courses",
            postgresql.ARRAY(sa.Text()),
            nullable=True,
            comment="Courses that it may read; null: all of them.",
        ),
        schema="analytics",
    )


def downgrade() -> None:
    op.drop_column("admin_token", "courses", schema="analytics")
    op.drop_column("admin_token", "role", schema="analytics")
