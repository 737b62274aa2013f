"""Published tables by day of the activity."""

from sqlalchemy import BigInteger, Column, Date, Identity, Index, Integer, Table, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from analytics_pipeline.database.tables.columns import EVENT_TYPE, count, metadata, persons, provenance

event_day = Table(
    "event_day",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Surrogate."),
    Column("day", Date, nullable=False, comment="Site day."),
    Column("course_id", Text, comment="Course; null for events without one."),
    Column("event_type", EVENT_TYPE, comment="Event type; null for rejected events of an unknown type."),
    count("events", "Accepted events that count, anonymous ones included."),
    count("anonymous", "Those of them without a learner."),
    count("excluded", "Accepted events of staff, instructors and test learners; counted nowhere else."),
    count("duplicates", "Repeated deliveries that were left out, as of this publication."),
    count("conflicts", "Events in quarantine because their id was taken by another event."),
    count("rejected", "Events in quarantine for any other reason."),
    *provenance(),
    Index("event_day_by_course", "course_id", "day"),
    UniqueConstraint("day", "course_id", "event_type", postgresql_nulls_not_distinct=True),
    schema="analytics",
    comment="What was received, per site day, course and event type.",
)

lesson_daily = Table(
    "lesson_daily",
    metadata,
    Column("course_id", Text, primary_key=True, comment="Course."),
    Column("lesson_idx", Integer, primary_key=True, autoincrement=False, comment="Lesson, counted from 0."),
    Column("day", Date, primary_key=True, comment="Site day."),
    count("views", "lesson_viewed events."),
    persons("viewers", "Learners with any activity in the lesson on this day."),
    persons("completers", "Learners with lesson_completed on this day."),
    count("quiz_attempts", "quiz_attempted events of the lesson."),
    persons("quiz_attempters", "Learners who attempted or passed a quiz of the lesson on this day."),
    persons("quiz_passers", "Learners who passed a quiz of the lesson on this day."),
    persons("measured_learners", "Learners whose time in the lesson is known on this day."),
    count("active_ms_sum", "Milliseconds that they spent in the lesson together."),
    Column(
        "active_ms_median", BigInteger, comment="Median (nearest rank) of their milliseconds; null if none."
    ),
    Column("active_ms_p90", BigInteger, comment="90th percentile (nearest rank); null if none."),
    Column(
        "active_ms_hist", JSONB, nullable=False, comment="Learners per logarithmic bucket of milliseconds."
    ),
    Column(
        "views_by_hour", ARRAY(BigInteger), nullable=False, comment="Views per hour since the day began (25)."
    ),
    *provenance(),
    # Rows are long, those of a day lie together, and silence is judged by the last months.
    Index("lesson_daily_by_day", "day", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
    schema="analytics",
    comment="Activity per lesson and site day. Persons are learner-days and are never summed over days.",
)

course_daily = Table(
    "course_daily",
    metadata,
    Column("course_id", Text, primary_key=True, comment="Course."),
    Column("day", Date, primary_key=True, comment="Site day."),
    persons("learners", "Learners with any event in the course on this day."),
    count("course_views", "course_view events."),
    count("views", "lesson_viewed events."),
    count("lesson_completions", "lesson_completed events."),
    count("quiz_attempts", "quiz_attempted events."),
    count("quiz_passes", "quiz_passed events."),
    persons("enrolments", "Learners with an enroll event on this day."),
    persons("completions", "Learners with a complete event on this day."),
    count("purchases", "Orders purchased on this day."),
    count("refunds", "Orders refunded on this day."),
    *provenance(),
    schema="analytics",
    comment="Activity per course and site day. Persons are learner-days and are never summed over days.",
)
