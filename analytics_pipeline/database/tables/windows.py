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


def _cohort_counts(when: str = "in these cohort days") -> tuple[Column[int], ...]:
    return (
        count("learners", f"Learners whose first lesson activity in the course lies {when}."),
        count("enrolled", f"Learners whose first enrolment lies {when}."),
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

course_to_date = Table(
    "course_to_date",
    metadata,
    Column("week", Date, primary_key=True, comment="Monday of the week at whose end the totals stand."),
    Column("course_id", Text, primary_key=True, comment="Course."),
    *_cohort_counts("in or before this week"),
    Column(
        "revenue",
        JSONB,
        nullable=False,
        comment="Orders, gross, refunded and net by currency, of orders whose day lies in it or before.",
    ),
    as_of(),
    *provenance(),
    schema="analytics",
    comment="Running totals per course and week: a range of weeks is the difference of two rows.",
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
    Index("course_window_by_first_day", "window_days", "first_day"),
    Index("course_window_by_last_day", "window_days", "last_day"),
    schema="analytics",
    comment="Every course over the last days: sums over the whole weeks of cohort days that these touch.",
)

lesson_week = Table(
    "lesson_week",
    metadata,
    Column("course_id", Text, primary_key=True, comment="Course."),
    Column("week", Date, primary_key=True, comment="Monday of the week."),
    Column("lesson_idx", Integer, primary_key=True, autoincrement=False, comment="Lesson, counted from 0."),
    count("views", "lesson_viewed events."),
    count("viewers", "Learner-days with any activity in the lesson."),
    count("measured_learners", "Those of them whose time in the lesson is known."),
    count("active_ms_sum", "Milliseconds that they spent in the lesson together."),
    Column(
        "active_ms_hist",
        JSONB,
        nullable=False,
        comment="Measured learner-days per logarithmic bucket of milliseconds.",
    ),
    *provenance(),
    Index("lesson_week_by_week", "week"),
    schema="analytics",
    comment="Activity per lesson and week of site days: sums of lesson_daily.",
)
