"""Publish running totals per course and sums per lesson and week, so that long ranges read few rows."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _count(name: str, comment: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False, comment=comment)


def _provenance() -> list[sa.Column[Any]]:
    return [
        sa.Column(
            "computed_at", sa.DateTime(timezone=True), nullable=False, comment="When this row was published."
        ),
        sa.Column("run_id", sa.Text(), nullable=False, comment="The Dagster run that published this row."),
    ]


def upgrade() -> None:
    op.create_table(
        "lesson_week",
        sa.Column("course_id", sa.Text(), nullable=False, comment="Course."),
        sa.Column("week", sa.Date(), nullable=False, comment="Monday of the week."),
        sa.Column(
            "lesson_idx",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="Lesson, counted from 0.",
        ),
        _count("views", "lesson_viewed events."),
        _count("viewers", "Learner-days with any activity in the lesson."),
        _count("measured_learners", "Those of them whose time in the lesson is known."),
        _count("active_ms_sum", "Milliseconds that they spent in the lesson together."),
        sa.Column(
            "active_ms_hist",
            postgresql.JSONB(),
            nullable=False,
            comment="Measured learner-days per logarithmic bucket of milliseconds.",
        ),
        *_provenance(),
        sa.PrimaryKeyConstraint("course_id", "week", "lesson_idx"),
        schema="analytics",
        comment="Activity per lesson and week of site days: sums of lesson_daily.",
    )
    op.create_table(
        "course_to_date",
        sa.Column(
            "week", sa.Date(), nullable=False, comment="Monday of the week at whose end the totals stand."
        ),
        sa.Column("course_id", sa.Text(), nullable=False, comment="Course."),
        _count("learners", "Learners whose first lesson activity in the course lies in or before this week."),
        _count("enrolled", "Learners whose first enrolment lies in or before this week."),
        _count("completed", "Those of them who completed the course within their window."),
        _count("mature", "Enrolled learners whose window is over at as-of."),
        _count("mature_completed", "Those of them who completed the course within their window."),
        sa.Column(
            "revenue",
            postgresql.JSONB(),
            nullable=False,
            comment="Orders, gross, refunded and net by currency, of orders whose day lies in it or before.",
        ),
        sa.Column(
            "as_of",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="End of the last day up to which all days are published.",
        ),
        *_provenance(),
        sa.PrimaryKeyConstraint("week", "course_id"),
        schema="analytics",
        comment="Running totals per course and week: a range of weeks is the difference of two rows.",
    )
    for statement in (LESSON_WEEKS, COURSES_TO_DATE):
        op.execute(statement)
    op.create_index("lesson_week_by_week", "lesson_week", ["week"], schema="analytics")


# What a night publishes after this migration, of what was published before it: nobody shall read zeros till then.
LESSON_WEEKS = """
    INSERT INTO analytics.lesson_week
        (course_id, week, lesson_idx, views, viewers, measured_learners, active_ms_sum, active_ms_hist,
         computed_at, run_id)
    WITH rows AS (
        SELECT course_id, date_trunc('week', day)::date AS week, lesson_idx, views, viewers, measured_learners,
               active_ms_sum, active_ms_hist, computed_at, run_id
          FROM analytics.lesson_daily
    ),
    counted AS (
        SELECT course_id, week, lesson_idx, sum(views) AS views, sum(viewers) AS viewers,
               sum(measured_learners) AS measured_learners, sum(active_ms_sum) AS active_ms_sum,
               max(computed_at) AS computed_at, max(run_id) AS run_id
          FROM rows
         GROUP BY course_id, week, lesson_idx
    ),
    buckets AS (
        SELECT course_id, week, lesson_idx, bucket, sum(learners::bigint) AS learners
          FROM rows CROSS JOIN jsonb_each_text(active_ms_hist) AS entry (bucket, learners)
         GROUP BY course_id, week, lesson_idx, bucket
    ),
    histograms AS (
        SELECT course_id, week, lesson_idx, jsonb_object_agg(bucket, learners) AS active_ms_hist
          FROM buckets
         GROUP BY course_id, week, lesson_idx
    )
    SELECT course_id, week, lesson_idx, views, viewers, measured_learners, active_ms_sum,
           coalesce(active_ms_hist, '{}'), computed_at, run_id
      FROM counted LEFT JOIN histograms USING (course_id, week, lesson_idx)
     ORDER BY week, course_id, lesson_idx
"""

COURSES_TO_DATE = """
    INSERT INTO analytics.course_to_date
        (week, course_id, learners, enrolled, completed, mature, mature_completed, revenue, as_of, computed_at,
         run_id)
    WITH newest AS (
        SELECT as_of, computed_at, run_id FROM analytics.course_window
         WHERE as_of IS NOT NULL ORDER BY as_of DESC LIMIT 1
    ),
    sold AS (
        SELECT date_trunc('week', cohort_day)::date AS week, course_id, coalesce(currency, '') AS currency,
               sum(orders) AS orders, sum(gross) AS gross, sum(refunded) AS refunded, sum(net) AS net
          FROM analytics.course_refund
         GROUP BY 1, 2, 3
        HAVING sum(orders) > 0
    ),
    begun AS (
        SELECT course_id, min(week) AS first_week, max(week) AS last_week
          FROM (
              SELECT course_id, week FROM analytics.course_week UNION ALL SELECT course_id, week FROM sold
          ) AS known
         GROUP BY course_id
    ),
    weeks AS (
        SELECT course_id, week::date
          FROM begun
         CROSS JOIN generate_series(first_week, (SELECT max(last_week) FROM begun), interval '7 days') AS week
    ),
    counted AS (
        SELECT course_id, week, sum(learners) OVER so_far AS learners, sum(enrolled) OVER so_far AS enrolled,
               sum(completed) OVER so_far AS completed, sum(mature) OVER so_far AS mature,
               sum(mature_completed) OVER so_far AS mature_completed
          FROM weeks LEFT JOIN analytics.course_week USING (course_id, week)
        WINDOW so_far AS (PARTITION BY course_id ORDER BY week)
    ),
    earned AS (
        SELECT course_id, week, currency, sum(orders) OVER so_far AS orders, sum(gross) OVER so_far AS gross,
               sum(refunded) OVER so_far AS refunded, sum(net) OVER so_far AS net
          FROM weeks
          JOIN (SELECT DISTINCT course_id, currency FROM sold) AS currencies USING (course_id)
          LEFT JOIN sold USING (course_id, week, currency)
        WINDOW so_far AS (PARTITION BY course_id, currency ORDER BY week)
    ),
    money AS (
        SELECT course_id, week,
               jsonb_object_agg(currency, jsonb_build_object(
                   'orders', orders, 'gross', gross, 'refunded', refunded, 'net', net)) AS revenue
          FROM earned
         WHERE orders > 0
         GROUP BY course_id, week
    )
    SELECT week, course_id, coalesce(learners, 0), coalesce(enrolled, 0), coalesce(completed, 0),
           coalesce(mature, 0), coalesce(mature_completed, 0), coalesce(revenue, '{}'), n.as_of, n.computed_at,
           n.run_id
      FROM counted LEFT JOIN money USING (course_id, week) CROSS JOIN newest AS n
     ORDER BY week, course_id
"""


def downgrade() -> None:
    for table in ("course_to_date", "lesson_week"):
        op.drop_table(table, schema="analytics")
