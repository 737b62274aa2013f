"""What is kept of an event that was rejected, so that it can be inspected and replayed."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from analytics_pipeline.events import EVENT_ID
from analytics_pipeline.quarantine.ids import quarantine_id

_KNOWN_FIELDS = ("id", "eventType", "userId", "courseId", "lessonIdx", "metadata", "createdAt")


class Arrival(NamedTuple):
    """How a rejected event came: its site day, the write key, and the correction of the client's clock."""

    day: date
    key_id: str
    skew_us: int


class QuarantinedEvent(Struct, frozen=True):
    """A row of `ingest.quarantine`, but for the time of its reception."""

    id: str
    arrival: Arrival
    event_id: str | None
    course_id: str | None
    event_type: str | None
    reason: str
    body: bytes


def read_loosely(body: bytes) -> dict[str, Any]:
    """The fields of a rejected event, as far as any JSON reader can make them out; {} when none can."""
    for read in (msgspec.json.decode, json.loads):
        try:
            fields = read(body)
        except (ValueError, RecursionError):
            continue
        return fields if isinstance(fields, dict) else {}
    return {}


def readable_id(fields: dict[str, Any]) -> str | None:
    """The id that an event gave, when it can be repeated in an answer."""
    given = fields.get("id")
    return given if isinstance(given, str) and EVENT_ID.fullmatch(given) else None


def quarantined(
    body: bytes,
    fields: dict[str, Any],
    reason: str,
    arrival: Arrival,
    pseudonym: Callable[[str], str] | None,
) -> QuarantinedEvent:
    """The row for one event.

    With pseudonyms on, the body keeps only the fields of an event, `userId` replaced, because what a page
    misspelled or sent in another shape may name the learner too.
    """
    if pseudonym is not None:
        body = _without_learner(fields, pseudonym)
    return QuarantinedEvent(
        id=quarantine_id(reason, body),
        arrival=arrival,
        event_id=_storable(fields.get("id")),
        course_id=_storable(fields.get("courseId")),
        event_type=_storable(fields.get("eventType")),
        reason=reason,
        body=body,
    )


def _without_learner(fields: dict[str, Any], pseudonym: Callable[[str], str]) -> bytes:
    kept = {name: fields[name] for name in _KNOWN_FIELDS if name in fields}
    learner = kept.get("userId")
    if learner is not None:
        kept["userId"] = pseudonym(learner if isinstance(learner, str) else json.dumps(learner))
    return json.dumps(kept, separators=(",", ":")).encode()


def _storable(value: Any) -> str | None:
    """`value` as PostgreSQL can hold it: valid Unicode without NUL, at most 200 characters."""
    if not isinstance(value, str):
        return None
    return storable_text(value[:200])


def storable_text(text: str) -> str:
    """`text` with what no Unicode text column takes, lone surrogates and NUL, replaced."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
