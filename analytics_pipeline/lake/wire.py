"""Events as clients send them, made again from what is stored."""

import json
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal

from analytics_pipeline.instants import instant_at

# Metadata has at most 8 KiB: no number in it has more digits than this keeps.
_EXACT = Context(prec=10_000, Emax=MAX_EMAX, Emin=MIN_EMIN)


def wire_form(
    *,
    event_id: str,
    event_type: str,
    learner_id: str | None,
    course_id: str | None,
    lesson_idx: int | None,
    metadata: str,
    created_at: int,
) -> bytes:
    """The event as JSON in wire form, without what is null; `created_at` is microseconds since the epoch."""
    fields = {
        "id": event_id,
        "eventType": event_type,
        "userId": learner_id,
        "courseId": course_id,
        "lessonIdx": lesson_idx,
        "createdAt": instant_at(created_at).isoformat().replace("+00:00", "Z"),
    }
    present = {name: value for name, value in fields.items() if value is not None}
    head = json.dumps(present, ensure_ascii=False, separators=(",", ":")).removesuffix("}")
    return f'{head},"metadata":{metadata}}}'.encode()


def canonical_json(text: str) -> str:
    """The same text for the same JSON value: key order, spacing and how a number is written do not count."""
    value = json.loads(text, parse_int=_number, parse_float=_number)
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _number(text: str) -> dict[str, str]:
    # No JSON text yields this key, so a number never equals a string or an object of the same looks.
    return {"\ud800": str(Decimal(text).normalize(_EXACT))}
