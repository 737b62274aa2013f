"""Events that are rejected one by one, each with the first word of the reason."""

import json
from datetime import UTC, datetime, timedelta

from tests.ingest.batches import NOW, wire

BAD_EVENTS: list[tuple[bytes, str]] = [
    (b"1", "malformed"),
    (b"null", "malformed"),
    (b'["a"]', "malformed"),
    (b"{}", "invalid"),
    (b'{"eventType": "lesson_vanished", "createdAt": 0}', "unknown_type"),
    (json.dumps(wire(createdAt=...)).encode(), "invalid"),
    (json.dumps(wire(createdAt="2026-03-10T11:00:00")).encode(), "invalid"),
    (json.dumps(wire(createdAt="10/03/2026")).encode(), "invalid"),
    (json.dumps(wire(createdAt=1.5)).encode(), "invalid"),
    (json.dumps(wire(createdAt=10**30)).encode(), "invalid"),
    (json.dumps(wire(id="no spaces")).encode(), "invalid"),
    (json.dumps(wire(id=17)).encode(), "invalid"),
    (json.dumps(wire(userId="")).encode(), "invalid"),
    (json.dumps(wire(userId="x" * 201)).encode(), "invalid"),
    (json.dumps(wire(courseId=...)).encode(), "invalid"),
    (json.dumps(wire(lessonIdx=-1)).encode(), "invalid"),
    (json.dumps(wire(lessonIdx=100_001)).encode(), "invalid"),
    (json.dumps(wire(lessonIdx=1.5)).encode(), "invalid"),
    (json.dumps(wire(metadata=[])).encode(), "metadata"),
    (json.dumps(wire(metadata={"activeMs": "1"})).encode(), "metadata"),
    (json.dumps(wire(metadata={"x": 2**63})).encode(), "metadata"),
    (json.dumps(wire(metadata={"x": [2**64]})).encode(), "metadata"),
    (json.dumps(wire(metadata={"x": "y" * 9000})).encode(), "metadata"),
    (json.dumps(wire(metadata={"x" * 9000: 1})).encode(), "metadata"),
    (json.dumps(wire(metadata={"x": json.loads("[" * 20 + "]" * 20)})).encode(), "metadata"),
    (json.dumps(wire(userId="a\0b")).encode(), "unstorable"),
    (json.dumps(wire(courseId="\0")).encode(), "unstorable"),
    (json.dumps(wire(metadata={"a\0": 1})).encode(), "unstorable"),
    (json.dumps(wire(metadata={"a": [{"b": "c\0"}]})).encode(), "unstorable"),
    (json.dumps(wire(userId="\ud800")).encode(), "unstorable"),
    (json.dumps(wire(metadata={"a": "\udfff"})).encode(), "unstorable"),
    (json.dumps(wire(metadata={"\ud83d": 1})).encode(), "unstorable"),
    (json.dumps(wire(userId="NAME")).encode().replace(b"NAME", b"\xff\xfe"), "unstorable"),
    (json.dumps(wire(metadata={"x": "N"})).encode().replace(b'"N"', b"1e999"), "unstorable"),
    (json.dumps(wire(metadata={"x": "N"})).encode().replace(b'"N"', b"9" * 5000), "unstorable"),
    (json.dumps(wire(NOW + timedelta(hours=1))).encode(), "future"),
    (json.dumps(wire(datetime(2023, 12, 31, 23, tzinfo=UTC))).encode(), "too_old"),
    (json.dumps(wire(createdAt="0001-01-01T00:00:00+14:00")).encode(), "too_old"),
]
