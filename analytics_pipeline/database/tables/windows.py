"""Published sums that keep lists of many courses quick; every one follows from the other published tables."""

from sqlalchemy import Column, Date, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from analytics_pipeline.database.tables.columns import INSTANT, as_of, count, metadata, provenance

site_day = Table(
    "site_day",
    metadata,
    Column("day", Date, primary_key=True, comment="Site day."),
    count("events", "Accepted events that count, anonymous ones included."),
    count("anonymous", "Those of them without a learner."),
    count("excluded", "Accepted events of staff, instructors and test learners; counted nowhere else."),
    count("duplicates", "Repeated deliveries that were left out, as of this publication."),
    count("conflicts", "Events in quarantine because their id was taken by another event."),
    count("rejected", "Events in quarantine for any other reason."),
    *provenance(),
    schema="analytics",
    comment="What was received per site day, over all courses: sums of event_day.",
)


def _cohort_counts() -> tuple[Column[int], ...]:
    return (
        count("learners", "Learners whose first lesson activity in the course lies in these cohort days."),
        count("enrolled", "Learners whose first enrolment lies in these cohort days."),
        count("completed", "Those of them who completed the course within their window."),
        count("mature", "Enrolled learners whose window is over at as-of."),
        count("mature_completed", "Those of them who completed the course within their window."),
    )


course_week = Table(
    "course_week",
    metadata,
    Column("week", Date, primary_key=True, comment="Monday of the week of cohort days."),
    Column("course_id", Text, primary_key=True, comment="Course."),
    *_cohort_counts(),
    as_of(),
    *provenance(),
    schema="analytics",
    comment="Learners and completion per course and week of cohort days; counts add up over weeks.",
)

course_window = Table(
    "course_window",
    metadata,
    Column(
        "window_days",
        Integer,
        primary_key=True,
        autoincrement=False,
        comment="The last 7, 30 or 90 days before as-of; 0 for all days.",
    ),
    Column("course_id", Text, primary_key=True, comment="Course."),
    Column("first_day", Date, nullable=False, comment="First day with an event of the course, ever."),
    Column("last_day", Date, nullable=False, comment="Last day with an event of the course, ever."),
    *_cohort_counts(),
    Column(
        "revenue",
        JSONB,
        nullable=False,
        comment="Orders, gross, refunded and net by currency, of orders whose day lies in these cohort days.",
    ),
    Column("as_of", INSTANT, comment="End of the last complete day; null before there is one."),
    *provenance(),
    Index("course_window_by_as_of", "as_of"),
    Index("course_window_by_computed_at", "computed_at"),
    schema="analytics",
    comment="Every course over the last days: sums over the whole weeks of cohort days that these touch.",
)
