"""The vocabulary of events: what a client may send, what is stored, and why an event is rejected."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from msgspec import Meta, Struct

MAX_METADATA_BYTES = 8192
MAX_METADATA_LEVELS = 16
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

EVENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DECIMAL = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,4})?")
_CURRENCY = re.compile(r"[A-Z]{3}")


class EventType(StrEnum):
    """What a learner did. The Postgres enum `analytics.event_type` holds the same values."""

    COURSE_VIEW = "course_view"
    ENROLL = "enroll"
    PURCHASE = "purchase"
    REFUND = "refund"
    LESSON_VIEWED = "lesson_viewed"
    LESSON_TIME = "lesson_time"
    LESSON_COMPLETED = "lesson_completed"
    QUIZ_ATTEMPTED = "quiz_attempted"
    QUIZ_PASSED = "quiz_passed"
    COMPLETE = "complete"


class Reason(StrEnum):
    """Why an event is in quarantine. A stored reason is one of these, or one with `: detail` behind it."""

    MALFORMED = "malformed"
    INVALID = "invalid"
    UNKNOWN_TYPE = "unknown_type"
    METADATA = "metadata"
    UNSTORABLE = "unstorable"
    FUTURE = "future"
    TOO_OLD = "too_old"
    CONFLICT = "conflict"
    UNKNOWN_ORDER = "unknown_order"


Name = Annotated[str, Meta(min_length=1, max_length=200)]
Int64 = Annotated[int, Meta(ge=INT64_MIN, le=INT64_MAX)]
Instant = (
    Annotated[datetime, Meta(tz=True)]
    | Annotated[int, Meta(ge=0, le=10**15, description="Milliseconds since 1970-01-01T00:00:00Z.")]
)
"""RFC 3339 with an offset or Z, or epoch milliseconds."""


class WireEvent(Struct, rename="camel", gc=False):
    """One event as a client sends it. Unknown fields are ignored; null is the same as absent."""

    event_type: EventType
    created_at: Instant
    id: Annotated[str, Meta(extra_json_schema={"pattern": f"^{EVENT_ID.pattern}$"})] | None = None
    user_id: Name | None = None
    course_id: Name | None = None
    lesson_idx: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    metadata: dict[str, str | Int64 | float | bool | list[Any] | dict[str, Any] | None] | None = None


class StoredEvent(Struct, gc=False):
    """One accepted event, as a line of the inbox. Times are microseconds since the epoch, UTC.

    `skew_us` is `occurred_at` minus the client's `createdAt`: 0 unless its clock was corrected.
    """

    event_id: str
    event_type: EventType
    learner_id: str | None
    course_id: str | None
    lesson_idx: int | None
    metadata: Mapping[str, object]
    occurred_at: int
    received_at: int
    skew_us: int


class Rejection(Struct, frozen=True):
    """What the answer says about an event that was not accepted; `id` is null where it gave no usable one."""

    index: int
    id: str | None
    reason: str


def event_id_of(text: str) -> str | None:
    """The id as it is stored, a UUID in lower case; None when it is neither a UUID nor a plain token."""
    if EVENT_ID.fullmatch(text) is None:
        return None
    return text if text.islower() or _UUID.fullmatch(text) is None else text.lower()


def missing_field(event: WireEvent) -> str | None:
    """The sentence that names what the event's type needs and the event lacks; None when it is complete."""
    kind = event.event_type
    if kind.startswith("lesson_"):
        if event.course_id is None or event.lesson_idx is None:
            return f"{kind} needs courseId and lessonIdx"
    elif kind.startswith("quiz_") and (
        event.course_id is None or (event.lesson_idx is None and (event.metadata or {}).get("quizId") is None)
    ):
        return f"{kind} needs courseId and lessonIdx or metadata.quizId"
    return None


def _is_number(value: object) -> bool:
    return type(value) is int or type(value) is float


def _is_name(value: object) -> bool:
    return type(value) is int or (type(value) is str and 1 <= len(value) <= 200)


def _is_amount(value: Any) -> bool:
    if type(value) is str:
        return _DECIMAL.fullmatch(value) is not None
    return _is_number(value) and 0 <= value < 10**12 and round(value, 4) == value


def _is_duration(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 86_400_000


class MetadataKey(NamedTuple):
    """What a key of `metadata` must be: as a check, in words, and as a JSON Schema for the document."""

    fits: Callable[[Any], bool]
    must_be: str
    schema: dict[str, Any]


_NAME_SCHEMA = {"type": ["string", "integer", "null"], "minLength": 1, "maxLength": 200}

METADATA_KEYS = {
    "activeMs": MetadataKey(
        _is_duration,
        "a number from 0 to 86400000",
        {"type": ["number", "null"], "minimum": 0, "maximum": 86_400_000},
    ),
    "score": MetadataKey(_is_number, "a number", {"type": ["number", "null"]}),
    "attempt": MetadataKey(
        lambda value: type(value) is int and value >= 1,
        "an integer from 1",
        {"type": ["integer", "null"], "minimum": 1},
    ),
    "quizId": MetadataKey(_is_name, "a string of 1 to 200 characters or an integer", _NAME_SCHEMA),
    "orderId": MetadataKey(_is_name, "a string of 1 to 200 characters or an integer", _NAME_SCHEMA),
    "amount": MetadataKey(
        _is_amount,
        "a number or decimal string from 0 to below 10^12 with at most 4 decimals",
        {
            "type": ["number", "string", "null"],
            "minimum": 0,
            "exclusiveMaximum": 10**12,
            "pattern": f"^{_DECIMAL.pattern}$",
        },
    ),
    "currency": MetadataKey(
        lambda value: type(value) is str and _CURRENCY.fullmatch(value) is not None,
        "three capital letters such as EUR",
        {"type": ["string", "null"], "pattern": f"^{_CURRENCY.pattern}$"},
    ),
    "role": MetadataKey(lambda value: type(value) is str, "a string", {"type": ["string", "null"]}),
}
"""The keys of `metadata` that the pipeline reads, with what they must be; null is the same as absent."""


def metadata_problem(metadata: Mapping[str, object]) -> str | None:
    """The sentence on what is wrong with `metadata`, its size aside; None when nothing is."""
    for key, value in metadata.items():
        if value is None:
            continue
        known = METADATA_KEYS.get(key)
        if known is not None:
            if not known.fits(value):
                return f"metadata.{key} must be {known.must_be}"
        elif type(value) is dict or type(value) is list:
            problem = _nesting_problem(value, 2)
            if problem is not None:
                return problem
    return None


def _nesting_problem(value: Any, level: int) -> str | None:
    if type(value) is int:
        return None if INT64_MIN <= value <= INT64_MAX else "metadata holds an integer beyond 64 bits"
    if type(value) is not dict and type(value) is not list:
        return None
    if level > MAX_METADATA_LEVELS:
        return f"metadata is nested deeper than {MAX_METADATA_LEVELS} levels"
    inner = value.values() if type(value) is dict else value
    return next((problem for item in inner if (problem := _nesting_problem(item, level + 1))), None)
