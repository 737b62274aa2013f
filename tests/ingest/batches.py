"""Events and bodies for the tests of the ingest service."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from analytics_pipeline.ingest.admission import Admission, admit
from analytics_pipeline.ingest.calendar import Calendar
from analytics_pipeline.ingest.intake import Reception, Rules
from analytics_pipeline.instants import microseconds

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
RULES = Rules(Calendar(ZoneInfo("UTC"), date(2024, 1, 1)))
STORED_FIELDS = [
    "event_id",
    "event_type",
    "learner_id",
    "course_id",
    "lesson_idx",
    "metadata",
    "occurred_at",
    "received_at",
    "skew_us",
]


def wire(at: datetime = NOW, **fields: object) -> dict[str, Any]:
    """An event as a client sends it; a field set to `...` is left out."""
    event: dict[str, Any] = {
        "id": "event-1",
        "eventType": "lesson_viewed",
        "userId": "learner-1",
        "courseId": "course-1",
        "lessonIdx": 3,
        "createdAt": (at - timedelta(minutes=1)).isoformat(),
    } | fields
    return {name: value for name, value in event.items() if value is not ...}


def admit_events(
    *events: object, key_id: str = "wk_1", now: datetime = NOW, rules: Rules = RULES, **envelope: object
) -> Admission:
    """Admit a batch that was received at `now`."""
    body = json.dumps({"events": events} | envelope).encode()
    return admit_body(body, key_id=key_id, now=now, rules=rules)


def admit_body(body: bytes, *, key_id: str = "wk_1", now: datetime = NOW, rules: Rules = RULES) -> Admission:
    """Admit a body that was received at `now`."""
    return admit(body, Reception(key_id, microseconds(now)), rules)


def stored(admission: Admission) -> list[dict[str, Any]]:
    """The lines that would be stored, in the order of days and arrival."""
    return [json.loads(line) for _, _, payload in admission.days for line in payload.splitlines()]
