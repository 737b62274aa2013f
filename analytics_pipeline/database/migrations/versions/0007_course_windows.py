"""Publish sums over weeks and over the last days, and find a course's events without reading all of them."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOVED = "End of the last day up to which all days are published."


def _count(name: str, comment: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False, comment=comment)


def _cohort_counts() -> list[sa.Column[Any]]:
    return [
        _count("learners", "Learners whose first lesson activity in the course lies in these cohort days."),
        _count("enrolled", "Learners whose first enrolment lies in these cohort days."),
        _count("completed", "Those of them who completed the course within their window."),
        _count("mature", "Enrolled learners whose window is over at as-of."),
        _count("mature_completed", "Those of them who completed the course within their window."),
    ]


def _provenance() -> list[sa.Column[Any]]:
    return [
        sa.Column(
            "computed_at", sa.DateTime(timezone=True), nullable=False, comment="When this row was published."
        ),
        sa.Column("run_id", sa.Text(), nullable=False, comment="The Dagster run that published this row."),
    ]


def upgrade() -> None:
    op.create_table(
        "site_day",
        sa.Column("day", sa.Date(), nullable=False, comment="Site day."),
        _count("events", "Accepted events that count, anonymous ones included."),
        _count("anonymous", "Those of them without a learner."),
        _count("excluded", "Accepted events of staff, instructors and test learners; counted nowhere else."),
        _count("duplicates", "Repeated deliveries that were left out, as of this publication."),
        _count("conflicts", "Events in quarantine because their id was taken by another event."),
        _count("rejected", "Events in quarantine for any other reason."),
        *_provenance(),
        sa.PrimaryKeyConstraint("day"),
        schema="analytics",
        comment="What was received per site day, over all courses: sums of event_day.",
    )
    op.create_table(
        "course_week",
        sa.Column("week", sa.Date(), nullable=False, comment="Monday of the week of cohort days."),
        sa.Column("course_id", sa.Text(), nullable=False, comment="Course."),
        *_cohort_counts(),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False, comment=MOVED),
        *_provenance(),
        sa.PrimaryKeyConstraint("week", "course_id"),
        schema="analytics",
        comment="Learners and completion per course and week of cohort days; counts add up over weeks.",
    )
    op.create_table(
        "course_window",
        sa.Column(
            "window_days",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="The last 7, 30 or 90 days before as-of; 0 for all days.",
        ),
        sa.Column("course_id", sa.Text(), nullable=False, comment="Course."),
        sa.Column(
            "first_day", sa.Date(), nullable=False, comment="First day with an event of the course, ever."
        ),
        sa.Column(
            "last_day", sa.Date(), nullable=False, comment="Last day with an event of the course, ever."
        ),
        *_cohort_counts(),
        sa.Column(
            "revenue",
            postgresql.JSONB(),
            nullable=False,
            comment="Orders, gross, refunded and net by currency, of orders whose day lies in these cohort days.",
        ),
        sa.Column(
            "as_of",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="End of the last complete day; null before there is one.",
        ),
        *_provenance(),
        sa.PrimaryKeyConstraint("window_days", "course_id"),
        schema="analytics",
        comment="Every course over the last days: sums over the whole weeks of cohort days that these touch.",
    )
    for table, name, columns in INDEXES:
        op.create_index(f"{table}_by_{name}", table, columns, schema="analytics")
    op.execute(SITE_DAYS)
    op.execute(KNOWN_COURSES)


INDEXES: tuple[tuple[str, str, list[Any]], ...] = (
    ("course_window", "as_of", ["as_of"]),
    ("course_window", "computed_at", ["computed_at"]),
    ("event_day", "course", ["course_id", "day"]),
    ("signal", "course", ["course_id"]),
    ("metric_revision", "course", [sa.text("(key ->> 'course_id')"), "id"]),
)

SITE_DAYS = """
    INSERT INTO analytics.site_day
    SELECT day, sum(events), sum(anonymous), sum(excluded), sum(duplicates), sum(conflicts), sum(rejected),
           max(computed_at), max(run_id)
      FROM analytics.event_day
     GROUP BY day
"""

# Their sums come with the next night.
KNOWN_COURSES = """
    INSERT INTO analytics.course_window
        (window_days, course_id, first_day, last_day, learners, enrolled, completed, mature, mature_completed,
         revenue, computed_at, run_id)
    SELECT days, course_id, min(day), max(day), 0, 0, 0, 0, 0, '{}', max(computed_at), max(run_id)
      FROM analytics.course_daily CROSS JOIN unnest(ARRAY[0, 7, 30, 90]) AS days
     GROUP BY days, course_id
"""


def downgrade() -> None:
    for table, name, _ in INDEXES[2:]:
        op.drop_index(f"{table}_by_{name}", table, schema="analytics")
    for table in ("course_window", "course_week", "site_day"):
        op.drop_table(table, schema="analytics")
