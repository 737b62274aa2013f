"""Turns the body of a request into events to store, per site day, and rejected ones with their reasons."""

import msgspec
from msgspec import DecodeError, Raw, Struct, ValidationError

from analytics_pipeline.events import MAX_METADATA_BYTES, Reason, Rejection, WireEvent
from analytics_pipeline.ingest.envelope import read, read_raw
from analytics_pipeline.ingest.intake import DayPayload, Intake, Reception, RejectedError, Rules
from analytics_pipeline.ingest.quarantine import QuarantinedEvent, quarantined, read_loosely, readable_id

_EVENT = msgspec.json.Decoder(WireEvent)


class Admission(Struct):
    """The outcome of one request, before anything is stored."""

    accepted: int
    days: list[DayPayload]
    rejections: list[Rejection]
    quarantine: list[QuarantinedEvent]


def admit(body: bytes, reception: Reception, rules: Rules, *, measure: bool = False) -> Admission:
    """Read `body` and decide on every event of it; BadBodyError when it holds no events at all.

    All events are decoded in one go; only when one does not fit they are decoded one by one, to find it.
    `measure` makes sure of the size of every event's metadata: it is set by `admit` itself when a
    stored line is long enough for it to matter.
    """
    candidates, sent_at = read(body)
    intake = Intake(reception, sent_at, rules, look_for_nul=b"\\u0000" in body, measure=measure)
    rejected: dict[int, str] = {}
    for index, candidate in enumerate(candidates):
        try:
            intake.take(candidate if isinstance(candidate, WireEvent) else _decode_event(candidate))
        except RejectedError as error:
            rejected[index] = str(error)
    days = intake.payloads()
    if len(body) > MAX_METADATA_BYTES and not measure and _has_long_line(days):
        return admit(body, reception, rules, measure=True)
    admission = Admission(len(candidates) - len(rejected), days, [], [])
    if rejected:
        _add_rejected(admission, read_raw(body).events, rejected, intake, rules)
    return admission


def _has_long_line(days: list[DayPayload]) -> bool:
    return any(len(line) > MAX_METADATA_BYTES for _, _, payload in days for line in payload.split(b"\n"))


def _decode_event(body: Raw) -> WireEvent:
    try:
        return _EVENT.decode(body)
    except ValidationError as error:
        raise RejectedError(_reason_of(str(error), bytes(body)), str(error)) from error
    except RecursionError as error:
        raise RejectedError(Reason.METADATA, "the event is nested too deeply to be read") from error
    except (DecodeError, UnicodeDecodeError) as error:
        raise RejectedError(Reason.UNSTORABLE, "a text is not valid Unicode") from error


def _reason_of(problem: str, body: bytes) -> Reason:
    if not body.startswith(b"{"):
        return Reason.MALFORMED
    if "out of range" in problem:
        return Reason.UNSTORABLE
    if "`$.metadata" in problem:
        return Reason.METADATA
    return Reason.UNKNOWN_TYPE if "enum value" in problem else Reason.INVALID


def _add_rejected(
    admission: Admission, bodies: list[Raw], rejected: dict[int, str], intake: Intake, rules: Rules
) -> None:
    for index, reason in rejected.items():
        body = bytes(bodies[index])
        fields = read_loosely(body)
        admission.rejections.append(Rejection(index, readable_id(fields), reason))
        arrival = intake.arrival_of_rejected(fields.get("createdAt"))
        admission.quarantine.append(quarantined(body, fields, reason, arrival, rules.pseudonym))
