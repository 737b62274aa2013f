"""The tables of the database, their comments included. The migrations create them; nothing else does.

Schema `ingest` holds what has not been sealed yet, schema `analytics` what people and services read.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    Enum,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from analytics_pipeline.events import EventType

metadata = MetaData()

INSTANT = DateTime(timezone=True)
MONEY = Numeric(24, 4)
EVENT_TYPE = Enum(
    EventType,
    name="event_type",
    schema="analytics",
    values_callable=lambda kinds: [kind.value for kind in kinds],
)


def _count(name: str, comment: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, comment=comment)


def _provenance() -> tuple[Column[object], ...]:
    return (
        Column("computed_at", INSTANT, nullable=False, comment="When this row was published."),
        Column("run_id", Text, nullable=False, comment="The Dagster run that published this row."),
    )


def _as_of() -> Column[object]:
    return Column(
        "as_of", INSTANT, nullable=False, comment="End of the last day up to which all days are published."
    )


inbox = Table(
    "inbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Order of arrival."),
    Column("day", Date, nullable=False, index=True, comment="Site day of the events in this row."),
    Column("received_at", INSTANT, nullable=False, comment="When the batch was received."),
    Column("events", Integer, nullable=False, comment="How many events the payload holds."),
    Column("payload", LargeBinary, nullable=False, comment="The events as NDJSON, one stored event a line."),
    schema="ingest",
    comment="Accepted events that are not sealed yet: one row per batch and event day.",
)

quarantine = Table(
    "quarantine",
    metadata,
    Column(
        "id", Text, primary_key=True, comment="SHA-256 of reason and body: the same rejection is kept once."
    ),
    Column("received_at", INSTANT, nullable=False, comment="When the event was received."),
    Column("day", Date, nullable=False, index=True, comment="Site day of the event, else of its reception."),
    Column("event_id", Text, comment="The id that the event gave, if it gave one."),
    Column("course_id", Text, comment="The course that the event named, if it named one."),
    Column("event_type", Text, comment="The type that the event gave, known or not."),
    Column("reason", Text, nullable=False, comment="Why it was rejected; `conflict` when the id was taken."),
    Column("body", LargeBinary, nullable=False, comment="The event as it came."),
    schema="ingest",
    comment="Events that were rejected, kept to be inspected and replayed.",
)

write_key = Table(
    "write_key",
    metadata,
    Column("id", Text, primary_key=True, comment="Public name of the key, for revoking it."),
    Column("key_hash", Text, nullable=False, unique=True, comment="SHA-256 of the key."),
    Column("client", Text, nullable=False, comment="Who uses the key."),
    Column(
        "origins", ARRAY(Text), nullable=False, comment="Web origins that may use it; empty: servers only."
    ),
    Column("events_per_second", Integer, comment="How fast it may send, per worker; null: no limit."),
    Column("created_at", INSTANT, nullable=False, comment="When the key was made."),
    Column("revoked_at", INSTANT, comment="When the key ceased to work."),
    schema="ingest",
    comment="Write keys of the clients that send events; only hashes are kept.",
)

site = Table(
    "site",
    metadata,
    Column(
        "id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False, comment="Always 1."
    ),
    Column("timezone", Text, nullable=False, comment="IANA zone whose calendar days are counted."),
    schema="analytics",
    comment="What was fixed at the first migration.",
)

turn = Table(
    "turn",
    metadata,
    Column(
        "id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False, comment="Always 1."
    ),
    Column("epoch", BigInteger, nullable=False, comment="Raised whenever the turn changes hands."),
    Column("run_id", Text, comment="The run that took the turn last."),
    Column("backend_pid", Integer, comment="The database session that holds it."),
    Column("taken_at", INSTANT, comment="When it was taken."),
    schema="analytics",
    comment="The right to write: one run at a time; every commit of a run checks its epoch.",
)

lake_day = Table(
    "lake_day",
    metadata,
    Column("day", Date, primary_key=True, comment="Site day."),
    Column(
        "version", BigInteger, nullable=False, comment="Raised by every seal that changed the day's events."
    ),
    Column("files", ARRAY(Text), nullable=False, comment="Event files of the day, relative to the lake."),
    _count("events", "Events in these files."),
    _count("bytes", "Size of these files."),
    _count("duplicates", "Events left out so far because the day or a neighbour held them already."),
    Column("learner_files", ARRAY(Text), nullable=False, comment="Learner-day files, relative to the lake."),
    Column("learner_version", BigInteger, comment="The version that the learner-day files were built from."),
    Column("published_version", BigInteger, comment="The version that the published tables rest on."),
    Column("reconciled_at", INSTANT, comment="When sealed events and published counts were found equal."),
    Column("pruned_at", INSTANT, comment="When the raw files were removed; such a day is frozen."),
    schema="analytics",
    comment="The lake's catalogue: which files hold a day. Readers take files from here, never from a glob.",
)

duplicate_count = Table(
    "duplicate_count",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Surrogate."),
    Column("day", Date, nullable=False, comment="Site day."),
    Column("course_id", Text, comment="Course; null for events without one."),
    Column("event_type", EVENT_TYPE, nullable=False, comment="Event type."),
    _count("duplicates", "Events left out at sealing because their id was held already."),
    UniqueConstraint("day", "course_id", "event_type", postgresql_nulls_not_distinct=True),
    schema="analytics",
    comment="Repeated deliveries found at sealing, taken into event_day when the day is published next.",
)

event_day = Table(
    "event_day",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Surrogate."),
    Column("day", Date, nullable=False, comment="Site day."),
    Column("course_id", Text, comment="Course; null for events without one."),
    Column("event_type", EVENT_TYPE, comment="Event type; null for rejected events of an unknown type."),
    _count("events", "Accepted events that count, anonymous ones included."),
    _count("anonymous", "Those of them without a learner."),
    _count("excluded", "Accepted events of staff, instructors and test learners; counted nowhere else."),
    _count("duplicates", "Repeated deliveries that were left out, as of this publication."),
    _count("conflicts", "Events in quarantine because their id was taken by another event."),
    _count("rejected", "Events in quarantine for any other reason."),
    *_provenance(),
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
    _count("views", "lesson_viewed events."),
    _count("viewers", "Learners with any activity in the lesson on this day."),
    _count("completers", "Learners with lesson_completed on this day."),
    _count("quiz_attempts", "quiz_attempted events of the lesson."),
    _count("quiz_attempters", "Learners who attempted or passed a quiz of the lesson on this day."),
    _count("quiz_passers", "Learners who passed a quiz of the lesson on this day."),
    _count("measured_learners", "Learners whose time in the lesson is known on this day."),
    _count("active_ms_sum", "Milliseconds that they spent in the lesson together."),
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
    *_provenance(),
    schema="analytics",
    comment="Activity per lesson and site day. Persons are learner-days and are never summed over days.",
)

course_daily = Table(
    "course_daily",
    metadata,
    Column("course_id", Text, primary_key=True, comment="Course."),
    Column("day", Date, primary_key=True, comment="Site day."),
    _count("learners", "Learners with any event in the course on this day."),
    _count("course_views", "course_view events."),
    _count("views", "lesson_viewed events."),
    _count("lesson_completions", "lesson_completed events."),
    _count("quiz_attempts", "quiz_attempted events."),
    _count("quiz_passes", "quiz_passed events."),
    _count("enrolments", "Learners with an enroll event on this day."),
    _count("completions", "Learners with a complete event on this day."),
    _count("purchases", "Orders purchased on this day."),
    _count("refunds", "Orders refunded on this day."),
    *_provenance(),
    schema="analytics",
    comment="Activity per course and site day. Persons are learner-days and are never summed over days.",
)

lesson_cohort = Table(
    "lesson_cohort",
    metadata,
    Column("course_id", Text, primary_key=True, comment="Course."),
    Column("lesson_idx", Integer, primary_key=True, autoincrement=False, comment="Lesson, counted from 0."),
    Column(
        "cohort_day",
        Date,
        primary_key=True,
        comment="Day of the learner's first lesson activity in the course.",
    ),
    _count("viewers", "Learners with any activity in the lesson."),
    _count("completers", "Those of them with lesson_completed."),
    _count("stopped", "Learners whose furthest lesson this is, not complete and quiet before as-of."),
    _count("active", "Learners whose furthest lesson this is, not complete and not quiet."),
    _count("finished", "Learners whose furthest lesson this is and who completed the course."),
    _as_of(),
    *_provenance(),
    schema="analytics",
    comment="Where learners are and stop, per lesson and cohort day; counts add up over cohort days.",
)

quiz_cohort = Table(
    "quiz_cohort",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Surrogate."),
    Column("course_id", Text, nullable=False, comment="Course."),
    Column("quiz_id", Text, comment="Quiz; null where the lesson stands for its quiz."),
    Column("lesson_idx", Integer, comment="Lowest lesson in which the quiz was seen; null if in none."),
    Column("cohort_day", Date, nullable=False, comment="Day of the learner's first attempt at this quiz."),
    _count("attempters", "Learners who attempted or passed the quiz."),
    _count("first_attempt_passers", "Those whose first attempt passed."),
    _count("best_attempt_passers", "Those who ever passed."),
    _count("attempts", "quiz_attempted events of these learners."),
    _as_of(),
    *_provenance(),
    UniqueConstraint("course_id", "quiz_id", "lesson_idx", "cohort_day", postgresql_nulls_not_distinct=True),
    schema="analytics",
    comment="Quiz results per quiz and cohort day; counts add up over cohort days.",
)


def _funnel_count(name: str, comment: str) -> Column[int]:
    return Column(name, BigInteger, comment=comment)


course_funnel = Table(
    "course_funnel",
    metadata,
    Column("course_id", Text, primary_key=True, comment="Course."),
    Column("funnel", Text, primary_key=True, comment="discovery, completion or purchase."),
    Column("cohort_day", Date, primary_key=True, comment="Day on which the learner reached the first step."),
    _count("entered", "Learners who reached the first step."),
    _count("step_2", "Those who reached the second step within the window."),
    _funnel_count("step_3", "Those who reached the third step; null where the funnel has two."),
    _count("converted", "Those who reached the last step."),
    _count("open", "Not converted, and their window is still open at as-of."),
    _count("dropped", "Not converted, and their window is over at as-of."),
    _funnel_count(
        "refunded", "Those whose entry order was refunded (purchase only); a marker across states."
    ),
    _count("mature", "Entrants whose window is over at as-of."),
    _count("mature_step_2", "Mature entrants who reached the second step."),
    _funnel_count("mature_step_3", "Mature entrants who reached the third step; null where there is none."),
    _funnel_count(
        "already_enrolled", "Enrolled before their first course view; not entered (discovery only)."
    ),
    _funnel_count(
        "completed_required", "Entrants who completed every required lesson; null without a catalogue."
    ),
    Column(
        "progress_sum", Double, comment="Sum of their shares of required lessons; null without a catalogue."
    ),
    _as_of(),
    *_provenance(),
    schema="analytics",
    comment="Funnels per course and cohort day; entered = converted + open + dropped.",
)

course_refund = Table(
    "course_refund",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Surrogate."),
    Column("course_id", Text, nullable=False, comment="Course."),
    Column("currency", Text, comment="Currency of the order; null where the purchase named none."),
    Column("cohort_day", Date, nullable=False, comment="Day of the order's earliest purchase."),
    Column(
        "last_lesson_idx",
        Integer,
        comment="Highest lesson with activity before the refund; null if none, and for orders not refunded.",
    ),
    _count("orders", "Orders."),
    _count("refunded_orders", "Those that were refunded, in full or in part."),
    _count("mature_orders", "Orders older than the refund window at as-of."),
    _count("mature_refunded_orders", "Mature orders that were refunded."),
    Column("gross", MONEY, nullable=False, comment="Sum of what was paid."),
    Column("refunded", MONEY, nullable=False, comment="Sum of what was given back, at most gross."),
    Column("net", MONEY, nullable=False, comment="Gross less refunded."),
    Column(
        "approximate",
        Boolean,
        nullable=False,
        comment="True where the course sends no refunds and orders without an enrolment stand for them.",
    ),
    _as_of(),
    *_provenance(),
    UniqueConstraint(
        "course_id", "currency", "cohort_day", "last_lesson_idx", postgresql_nulls_not_distinct=True
    ),
    schema="analytics",
    comment="Orders and refunds per course, currency, day of purchase and lesson reached; sums add up.",
)

signal = Table(
    "signal",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Surrogate."),
    Column("rule", Text, nullable=False, comment="The rule that fired."),
    Column("course_id", Text, nullable=False, comment="Course."),
    Column("lesson_idx", Integer, comment="Lesson; null where the finding is about the course or a quiz."),
    Column("quiz_id", Text, comment="Quiz; null where the finding is not about a named quiz."),
    Column("opened_at", Date, nullable=False, comment="As-of day on which the rule fired first."),
    Column(
        "last_seen_at", Date, nullable=False, comment="Latest as-of day on which it was evaluated and held."
    ),
    Column("resolved_at", Date, comment="As-of day on which it ceased to hold; null while open."),
    Column("severity", Text, nullable=False, comment="warning or critical."),
    Column("value", Double, nullable=False, comment="The rate that was found."),
    Column("threshold", Double, nullable=False, comment="The rate at which the rule fires."),
    Column(
        "evidence", JSONB, nullable=False, comment="Counts and interval from which it can be checked by hand."
    ),
    *_provenance(),
    UniqueConstraint(
        "rule", "course_id", "lesson_idx", "quiz_id", "opened_at", postgresql_nulls_not_distinct=True
    ),
    schema="analytics",
    comment="Findings that call for attention: one row per life, from opened to resolved.",
)

signal_evaluation = Table(
    "signal_evaluation",
    metadata,
    Column("as_of", Date, primary_key=True, comment="As-of day on which the rules were evaluated."),
    _count("assessed", "Lessons, quizzes and courses with enough learners to be judged."),
    _count("opened", "Signals that opened on this day."),
    _count("resolved", "Signals that resolved on this day."),
    *_provenance(),
    schema="analytics",
    comment="When the rules were evaluated: once per as-of day, in order.",
)

metric_revision = Table(
    "metric_revision",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Surrogate."),
    Column("table_name", Text, nullable=False, comment="Published table."),
    Column("key", JSONB, nullable=False, comment="Key of the row."),
    Column("metric", Text, nullable=False, comment="Column that changed."),
    Column("old_value", Text, comment="Published before; null where the row is new."),
    Column("new_value", Text, comment="Published now; null where the row is gone."),
    Column("cause", Text, nullable=False, comment="Why it changed."),
    Column("changed_at", INSTANT, nullable=False, comment="When it changed."),
    Column("run_id", Text, nullable=False, comment="The run that changed it."),
    schema="analytics",
    comment="Every published number that changed after its day was complete.",
)

admin_token = Table(
    "admin_token",
    metadata,
    Column("id", Text, primary_key=True, comment="Public name of the token, for revoking it."),
    Column("token_hash", Text, nullable=False, unique=True, comment="SHA-256 of the token."),
    Column("note", Text, nullable=False, comment="Who holds it."),
    Column("created_at", INSTANT, nullable=False, comment="When it was made."),
    Column("expires_at", INSTANT, comment="When it ceases to work; null: when revoked."),
    Column("revoked_at", INSTANT, comment="When it was revoked."),
    schema="analytics",
    comment="Tokens for the admin API; only hashes are kept.",
)
