"""Find the first and last day of all courses without reading them: every list with a search asks for them."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ENDS = ("first_day", "last_day")


def upgrade() -> None:
    for end in ENDS:
        op.create_index(f"course_window_by_{end}", "course_window", ["window_days", end], schema="analytics")


def downgrade() -> None:
    for end in ENDS:
        op.drop_index(f"course_window_by_{end}", "course_window", schema="analytics")
