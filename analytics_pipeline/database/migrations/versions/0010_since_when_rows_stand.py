"""Say of as-of what it has become: since when a row stands, now that a night leaves alone what did not move."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = ("lesson_cohort", "quiz_cohort", "course_funnel", "course_refund", "course_week", "course_to_date")
BEFORE = "End of the last day up to which all days are published."
NOW = "Since when the row stands as it is; it holds as of the last as_of of course_window as well."


def upgrade() -> None:
    _say(NOW)


def downgrade() -> None:
    _say(BEFORE)


def _say(comment: str) -> None:
    for table in TABLES:
        op.execute(f"COMMENT ON COLUMN analytics.{table}.as_of IS '{comment}'")
