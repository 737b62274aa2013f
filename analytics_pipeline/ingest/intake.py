"""The accepted events of one request, gathered by site day: one pass over each event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import msgspec

from analytics_pipeline.events import (
    MAX_METADATA_BYTES,
    Instant,
    Reason,
    StoredEvent,
    WireEvent,
    event_id_of,
    metadata_problem,
    missing_field,
)
from analytics_pipeline.ingest.calendar import Calendar
from analytics_pipeline.ingest.quarantine import Arrival, storable_text

MINUTE = 60_000_000
SKEW_TOLERATED = 5 * MINUTE
FUTURE_TOLERATED = 10 * MINUTE

_CONTENT_NAMESPACE = UUID("7c0f5a52-6a4e-5c38-9d0e-3f0c9b1d2a77")
_LINES = msgspec.json.Encoder()
_CANONICAL = msgspec.json.Encoder(order="sorted")


@dataclass(frozen=True)
class Rules:
    """What a site has set: its days, how far back it accepts events, and its pseudonyms."""

    calendar: Calendar
    retention_days: int | None = None
    pseudonym: Callable[[str], str] | None = None


class Reception(NamedTuple):
    """Who sent a request, and when it came in microseconds since the epoch.

    The id of the write key goes into the ids of events that came without one. `skew` is the correction of
    the client's clock where that is known already; else `sentAt` tells.
    """

    key_id: str
    received_at: int
    skew: int | None = None


class DayPayload(NamedTuple):
    """The accepted events of one request and site day, as NDJSON: one row of the inbox."""

    day: date
    events: int
    payload: bytes


class RejectedError(Exception):
    """One event cannot be accepted; the message is the reason that is stored and answered."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(storable_text(f"{reason}: {detail}"[:300]))


def _microseconds_of(instant: Instant) -> int:
    return instant * 1000 if isinstance(instant, int) else round(instant.timestamp() * 1_000_000)


class Intake:
    """The accepted events of one request, gathered by site day."""

    def __init__(
        self,
        reception: Reception,
        sent_at: Instant | None,
        rules: Rules,
        *,
        look_for_nul: bool,
        measure: bool,
    ) -> None:
        received_at = reception.received_at
        skew = reception.skew
        if skew is None:
            skew = 0 if sent_at is None else received_at - _microseconds_of(sent_at)
        self._skew = skew if abs(skew) > SKEW_TOLERATED else 0
        self._key_id = reception.key_id
        self._received_at = received_at
        self._rules = rules
        self._look_for_nul = look_for_nul
        self._measure = measure
        self._ceiling = received_at + FUTURE_TOLERATED
        self._floor = rules.calendar.begins
        if rules.retention_days is not None:
            self._floor = max(self._floor, rules.calendar.days_before(received_at, rules.retention_days))
        self.taken: dict[date, list[StoredEvent]] = {}
        self._starts = self._ends = 0
        self._events: list[StoredEvent] = []

    def take(self, event: WireEvent) -> None:
        """Add `event` to its day, or raise RejectedError."""
        occurred_at = _microseconds_of(event.created_at) + self._skew
        if not self._floor <= occurred_at < self._ceiling:
            raise self._out_of_time(occurred_at)
        lacking = missing_field(event)
        if lacking is not None:
            raise RejectedError(Reason.INVALID, lacking)
        if event.metadata:
            self._check_metadata(event.metadata)
        if self._look_for_nul and _holds_nul([event.user_id, event.course_id, event.metadata]):
            raise RejectedError(Reason.UNSTORABLE, "a text holds the character NUL")
        if self._rules.pseudonym is not None and event.user_id is not None:
            event.user_id = self._rules.pseudonym(event.user_id)
        event_id = self._content_id(event) if event.id is None else event_id_of(event.id)
        if event_id is None:
            raise RejectedError(Reason.INVALID, "id must be a UUID or 1 to 64 letters, digits, - and _")
        if not self._starts <= occurred_at < self._ends:
            self._turn_to(occurred_at)
        self._events.append(
            StoredEvent(
                event_id,
                event.event_type,
                event.user_id,
                event.course_id,
                event.lesson_idx,
                event.metadata or {},
                occurred_at,
                self._received_at,
                self._skew,
            )
        )

    def payloads(self) -> list[DayPayload]:
        """What was taken, one payload a day."""
        return [
            DayPayload(day, len(events), _LINES.encode_lines(events)) for day, events in self.taken.items()
        ]

    def arrival_of_rejected(self, created_at: object) -> Arrival:
        """Its day is the one that `createdAt` names, where that can be published, else that of reception."""
        try:
            occurred_at = _microseconds_of(msgspec.convert(created_at, Instant)) + self._skew
        except ValueError:
            occurred_at = self._received_at
        in_time = self._floor <= occurred_at < self._ceiling
        day = self._rules.calendar.window(occurred_at if in_time else self._received_at).day
        return Arrival(day, self._key_id, self._skew)

    def _turn_to(self, occurred_at: int) -> None:
        self._starts, self._ends, day = self._rules.calendar.window(occurred_at)
        self._events = self.taken.setdefault(day, [])

    def _check_metadata(self, metadata: Mapping[str, object]) -> None:
        problem = metadata_problem(metadata)
        if problem is None and self._measure and len(_LINES.encode(metadata)) > MAX_METADATA_BYTES:
            problem = f"metadata is larger than {MAX_METADATA_BYTES} bytes"
        if problem is not None:
            raise RejectedError(Reason.METADATA, problem)

    def _content_id(self, event: WireEvent) -> str:
        content = _CANONICAL.encode(
            (
                event.event_type,
                event.user_id,
                event.course_id,
                event.lesson_idx,
                event.metadata or {},
                _microseconds_of(event.created_at),
            )
        )
        return str(uuid5(_CONTENT_NAMESPACE, f"{self._key_id}\n{content.decode()}"))

    def _out_of_time(self, occurred_at: int) -> RejectedError:
        if occurred_at >= self._ceiling:
            return RejectedError(Reason.FUTURE, "createdAt is more than 10 minutes ahead of the server")
        if occurred_at < self._rules.calendar.begins:
            first_day = self._rules.calendar.first_day
            return RejectedError(Reason.TOO_OLD, f"createdAt is before the first day, {first_day}")
        days = self._rules.retention_days
        return RejectedError(Reason.TOO_OLD, f"createdAt is before the horizon of {days} days")


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(key) or _holds_nul(inner) for key, inner in value.items())
    return isinstance(value, list) and any(map(_holds_nul, value))
