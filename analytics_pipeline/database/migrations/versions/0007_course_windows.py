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
    for statement in (SITE_DAYS, COURSE_WEEKS, COURSE_WINDOWS):
        op.execute(statement)


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

# What a night publishes after this migration, of what was published before it: nobody shall read zeros till then.
NEWEST = """
    newest AS (
        SELECT max(as_of) AS as_of, max(computed_at) AS computed_at, max(run_id) AS run_id,
               ((max(as_of) - interval '1 microsecond')
                AT TIME ZONE (SELECT timezone FROM analytics.site))::date AS last_day
          FROM (
              SELECT as_of, computed_at, run_id FROM analytics.lesson_cohort
              UNION ALL SELECT as_of, computed_at, run_id FROM analytics.quiz_cohort
              UNION ALL SELECT as_of, computed_at, run_id FROM analytics.course_funnel
              UNION ALL SELECT as_of, computed_at, run_id FROM analytics.course_refund
          ) AS cohorts
    )
"""

COURSE_WEEKS = f"""
    INSERT INTO analytics.course_week
        (week, course_id, learners, enrolled, completed, mature, mature_completed, as_of, computed_at, run_id)
    WITH {NEWEST},
    counted AS (
        SELECT date_trunc('week', cohort_day)::date AS week, course_id, stopped + active + finished AS learners,
               0 AS enrolled, 0 AS completed, 0 AS mature, 0 AS mature_completed
          FROM analytics.lesson_cohort
         UNION ALL
        SELECT date_trunc('week', cohort_day)::date, course_id, 0, entered, converted, mature, mature_step_2
          FROM analytics.course_funnel
         WHERE funnel = 'completion'
    )
    SELECT c.week, c.course_id, sum(c.learners), sum(c.enrolled), sum(c.completed), sum(c.mature),
           sum(c.mature_completed), n.as_of, n.computed_at, n.run_id
      FROM counted AS c CROSS JOIN newest AS n
     GROUP BY c.week, c.course_id, n.as_of, n.computed_at, n.run_id
"""  # noqa: S608  # a constant of this module

COURSE_WINDOWS = f"""
    INSERT INTO analytics.course_window
        (window_days, course_id, first_day, last_day, learners, enrolled, completed, mature, mature_completed,
         revenue, as_of, computed_at, run_id)
    WITH {NEWEST},
    span AS (
        SELECT course_id, min(day) AS first_day, max(day) AS last_day, max(computed_at) AS computed_at,
               max(run_id) AS run_id
          FROM analytics.course_daily
         GROUP BY course_id
    ),
    chosen AS (
        SELECT days AS window_days,
               CASE WHEN days > 0 THEN date_trunc('week', n.last_day - (days - 1))::date
                    ELSE '-infinity'::date END AS first_week,
               CASE WHEN days > 0 THEN date_trunc('week', n.last_day)::date
                    ELSE 'infinity'::date END AS last_week
          FROM newest AS n CROSS JOIN unnest(ARRAY[0, 7, 30, 90]) AS days
    ),
    counted AS (
        SELECT c.window_days, w.course_id, sum(w.learners) AS learners, sum(w.enrolled) AS enrolled,
               sum(w.completed) AS completed, sum(w.mature) AS mature,
               sum(w.mature_completed) AS mature_completed
          FROM chosen AS c
          JOIN analytics.course_week AS w ON w.week BETWEEN c.first_week AND c.last_week
         GROUP BY c.window_days, w.course_id
    ),
    sold AS (
        SELECT date_trunc('week', cohort_day)::date AS week, course_id, coalesce(currency, '') AS currency,
               sum(orders) AS orders, sum(gross) AS gross, sum(refunded) AS refunded, sum(net) AS net
          FROM analytics.course_refund
         GROUP BY 1, 2, 3
        HAVING sum(orders) > 0
    ),
    by_currency AS (
        SELECT c.window_days, s.course_id, s.currency, sum(s.orders) AS orders, sum(s.gross) AS gross,
               sum(s.refunded) AS refunded, sum(s.net) AS net
          FROM chosen AS c
          JOIN sold AS s ON s.week BETWEEN c.first_week AND c.last_week
         GROUP BY c.window_days, s.course_id, s.currency
    ),
    money AS (
        SELECT window_days, course_id,
               jsonb_object_agg(currency, jsonb_build_object(
                   'orders', orders, 'gross', gross, 'refunded', refunded, 'net', net)) AS revenue
          FROM by_currency
         GROUP BY window_days, course_id
    )
    SELECT c.window_days, s.course_id, s.first_day, s.last_day, coalesce(k.learners, 0),
           coalesce(k.enrolled, 0), coalesce(k.completed, 0), coalesce(k.mature, 0),
           coalesce(k.mature_completed, 0), coalesce(m.revenue, '{{}}'), n.as_of,
           greatest(s.computed_at, n.computed_at), coalesce(n.run_id, s.run_id)
      FROM span AS s
     CROSS JOIN chosen AS c
     CROSS JOIN newest AS n
      LEFT JOIN counted AS k ON k.window_days = c.window_days AND k.course_id = s.course_id
      LEFT JOIN money AS m ON m.window_days = c.window_days AND m.course_id = s.course_id
"""  # noqa: S608  # a constant of this module


def downgrade() -> None:
    for table, name, _ in INDEXES[2:]:
        op.drop_index(f"{table}_by_{name}", table, schema="analytics")
    for table in ("course_window", "course_week", "site_day"):
        op.drop_table(table, schema="analytics")
