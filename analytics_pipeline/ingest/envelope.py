"""The outside of a body: a batch, a bare array or one event, with the events still as they came."""

import json
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, DecodeError, Raw, Struct, UnsetType, ValidationError

from analytics_pipeline.endpoint import MAX_EVENTS
from analytics_pipeline.events import Instant, WireEvent

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class BadBodyError(Exception):
    """Nothing of the body can be used, so nothing is stored; the message is the answer's sentence."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Batch(Struct, rename="camel", gc=False):
    """`{"events": […], "sentAt": …}`: what an emitter sends, and when by its own clock."""

    events: list[WireEvent]
    sent_at: Instant | None = None


class Envelope(NamedTuple):
    """The events of a body, all decoded or all as bytes, and its `sentAt`."""

    events: Sequence[WireEvent | Raw]
    sent_at: Instant | None


class RawEnvelope(NamedTuple):
    """The events of a body as bytes, and its `sentAt`."""

    events: list[Raw]
    sent_at: Instant | None


class _RawObject(Struct, rename="camel"):
    events: list[Raw] | UnsetType = UNSET
    sent_at: Any = None
    event_type: Raw | UnsetType = UNSET


_BATCH = msgspec.json.Decoder(Batch)
_EVENTS = msgspec.json.Decoder(list[WireEvent])
_RAW_OBJECT = msgspec.json.Decoder(_RawObject)
_RAW_EVENTS = msgspec.json.Decoder(list[Raw])


def _is_array(body: bytes) -> bool:
    return body.startswith(b"[") or body[:64].lstrip().startswith(b"[")


def read(body: bytes) -> Envelope:
    """The events of a body: decoded and checked all in one go, or all as bytes when any of them does not fit.

    BadBodyError when there are none to be found, or too many.
    """
    try:
        envelope = _read_typed(body)
    except (ValueError, RecursionError):
        envelope = Envelope(*read_raw(body))
    if not envelope.events:
        raise BadBodyError(HTTPStatus.BAD_REQUEST, "The batch holds no events.")
    if len(envelope.events) > MAX_EVENTS:
        raise BadBodyError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A batch holds at most {MAX_EVENTS} events; send several."
        )
    return envelope


def _read_typed(body: bytes) -> Envelope:
    if _is_array(body):
        return Envelope(_EVENTS.decode(body), None)
    batch = _BATCH.decode(body)
    return Envelope(batch.events, batch.sent_at)


def read_raw(body: bytes) -> RawEnvelope:
    """Split a body into its events without looking into them; BadBodyError when even that fails."""
    try:
        envelope = (
            _RawObject(events=_RAW_EVENTS.decode(body)) if _is_array(body) else _RAW_OBJECT.decode(body)
        )
    except ValidationError as error:
        raise BadBodyError(HTTPStatus.BAD_REQUEST, f"The body has no list of events: {error}.") from error
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        envelope = _read_with_surrogates(body, error)
    if envelope.events is UNSET:
        if envelope.event_type is UNSET:
            raise BadBodyError(HTTPStatus.BAD_REQUEST, "The body has no `events` and is no event itself.")
        envelope.events = [Raw(body)]
    return RawEnvelope(envelope.events, _read_sent_at(envelope.sent_at))


def _read_with_surrogates(body: bytes, error: Exception) -> _RawObject:
    """Lone surrogates end msgspec's reading of the whole body; the standard library reads around them,

    so that only the events that hold one are rejected.
    """
    if isinstance(error, RecursionError):
        raise BadBodyError(HTTPStatus.BAD_REQUEST, "The body is nested too deeply to be read.") from error
    if _SURROGATE.search(body):
        try:
            parsed = json.loads(body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            pass
        else:
            return _raw_object(parsed, body)
    where = "" if "byte" in str(error) else f" (byte {len(body)})"
    raise BadBodyError(HTTPStatus.BAD_REQUEST, f"The body is not JSON: {error}{where}.") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _raw_object(parsed: Any, body: bytes) -> _RawObject:
    if isinstance(parsed, list):
        parsed = {"events": parsed}
    if not isinstance(parsed, dict) or not isinstance(parsed.get("events", []), list):
        raise BadBodyError(HTTPStatus.BAD_REQUEST, "The body has no list of events.")
    return _RawObject(
        events=[Raw(json.dumps(event).encode()) for event in parsed["events"]]
        if "events" in parsed
        else UNSET,
        sent_at=parsed.get("sentAt"),
        event_type=Raw(body) if "eventType" in parsed else UNSET,
    )


def _read_sent_at(value: Any) -> Instant | None:
    try:
        return msgspec.convert(value, Instant | None)  # type: ignore[no-any-return]
    except ValueError as error:
        raise BadBodyError(
            HTTPStatus.BAD_REQUEST,
            "sentAt must be an RFC 3339 time with an offset or Z, or epoch milliseconds.",
        ) from error
