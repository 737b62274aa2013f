"""Find the rows of lesson_daily by their days, so that a night reads those that it asks for and not all there are."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "lesson_daily_by_day",
        "lesson_daily",
        ["day"],
        schema="analytics",
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )


def downgrade() -> None:
    op.drop_index("lesson_daily_by_day", table_name="lesson_daily", schema="analytics")
