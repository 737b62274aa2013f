"""The columns of the lake's files; their rows lie in no order."""

from enum import StrEnum

from analytics_pipeline.engine import Schema


class Kind(StrEnum):
    """What a file of the lake holds; also the name of its folder."""

    EVENTS = "events"
    LEARNER_DAYS = "learner_days"
    ORDERS = "orders"
    ENTRIES = "entries"


EVENTS: Schema = {
    "day": "DATE",
    "event_id": "VARCHAR",
    "event_type": "VARCHAR",
    "learner_id": "VARCHAR",
    "course_id": "VARCHAR",
    "lesson_idx": "INTEGER",
    "metadata": "VARCHAR",
    "occurred_at": "TIMESTAMPTZ",
    "received_at": "TIMESTAMPTZ",
    "skew_us": "BIGINT",
}
"""One accepted event a row. `metadata` is JSON text, always an object; `skew_us` is `occurred_at` minus the
client's `createdAt`. Ids are text because Spark cannot read Parquet's UUID."""

APART = ("course_id", "learner_id")
"""Events that differ in any of these never meet in a model: a learner day is of one learner in one course."""

_ORDERS = (
    'STRUCT("at" TIMESTAMPTZ, event_id VARCHAR, order_id VARCHAR, amount DECIMAL(18, 4), currency VARCHAR)[]'
)

LEARNER_DAYS: Schema = {
    "day": "DATE",
    "course_id": "VARCHAR",
    "lesson_idx": "INTEGER",
    "quiz_id": "VARCHAR",
    "learner_id": "VARCHAR",
    "events": "BIGINT",
    "first_at": "TIMESTAMPTZ",
    "last_at": "TIMESTAMPTZ",
    "views": "BIGINT",
    "completions": "BIGINT",
    "completed_at": "TIMESTAMPTZ",
    "reported_ms": "BIGINT",
    "reported_n": "BIGINT",
    "gap_ms": "BIGINT",
    "gap_n": "BIGINT",
    "unmeasured_views": "BIGINT",
    "views_by_hour": "BIGINT[]",
    "attempts": "BIGINT",
    "passes": "BIGINT",
    "attempt_at": 'STRUCT("at" TIMESTAMPTZ, event_id VARCHAR)[]',
    "pass_at": "TIMESTAMPTZ",
    "passed_attempt_1": "BOOLEAN",
    "course_views": "BIGINT",
    "course_view_at": "TIMESTAMPTZ",
    "enroll_at": "TIMESTAMPTZ[]",
    "complete_at": "TIMESTAMPTZ[]",
    "purchases": _ORDERS,
    "refunds": _ORDERS,
}
"""One learner day a row, as `metrics/learner_days.sql` makes it; its head says what each column holds."""

INBOX_LINE: Schema = {
    "event_id": "VARCHAR",
    "event_type": "VARCHAR",
    "learner_id": "VARCHAR",
    "course_id": "VARCHAR",
    "lesson_idx": "INTEGER",
    "metadata": "JSON",
    "occurred_at": "BIGINT",
    "received_at": "BIGINT",
    "skew_us": "BIGINT",
}
"""One stored event, a line of an inbox payload; instants are microseconds since the epoch."""
