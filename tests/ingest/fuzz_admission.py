"""Coverage-guided inputs for what stands between a body and the inbox; a program of its own under atheris.

    python -m tests.ingest.fuzz_admission -runs=200000

Ends with an error at the first input that is neither answered nor refused, or that would store what cannot be
sealed, or when the process keeps growing. Says now and then how much it grew after it had warmed up.
"""

import resource
import sys
import zlib
from datetime import UTC, date, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import atheris

with atheris.instrument_imports(include=["analytics_pipeline.ingest", "analytics_pipeline.events"]):
    from analytics_pipeline.ingest.admission import Admission, admit
    from analytics_pipeline.ingest.answers import RefusedError
    from analytics_pipeline.ingest.body import Memory, gunzip
    from analytics_pipeline.ingest.calendar import Calendar
    from analytics_pipeline.ingest.envelope import BadBodyError
    from analytics_pipeline.ingest.intake import Reception, Rules
    from analytics_pipeline.ingest.pseudonym import pseudonymiser
    from analytics_pipeline.instants import microseconds

from analytics_pipeline.lake.inbox import _LINE

NOW = microseconds(datetime(2026, 3, 10, 12, tzinfo=UTC))
CALENDAR = Calendar(ZoneInfo("Europe/Paris"), date(2024, 1, 1))
RULES = [Rules(CALENDAR), Rules(CALENDAR, 30, pseudonymiser("a secret of a good length"))]
EVENT = (
    b'{"id":"a","eventType":"quiz_passed","courseId":"c","lessonIdx":1,"createdAt":"2026-03-10T11:00:00Z",'
)
WARM_UP, GROWTH_ALLOWED = 5_000, 64 * 2**20
# Shapes in which an input becomes a body: as it is, and as a part of what would be sound without it.
SHAPES = [b"%b", b'{"events":[%b]}', b"[%b]", EVENT + b'"metadata":{%b}}', EVENT + b'"userId":"%b"}']


class Runs:
    """Counts inputs and remembers how large the process was when it had warmed up."""

    def __init__(self) -> None:
        self.number = 0
        self.warm = 0

    def take(self, data: bytes) -> None:
        """Judge one input; the first byte says how it is sent."""
        self.number += 1
        if self.number == WARM_UP:
            self.warm = resident_bytes()
        if data:
            try_body(data[1:], data[0])
        if self.warm and self.number % 20_000 == 0:
            grown = resident_bytes() - self.warm
            sys.stdout.write(f"{self.number} inputs, grown by {grown // 1024} KiB\n")
            assert grown < GROWTH_ALLOWED


def try_body(content: bytes, choice: int) -> None:
    """Send one body through everything that looks at it."""
    body = SHAPES[choice % len(SHAPES)] % content
    reception = Reception("wk_1", NOW, [None, 0, 10**15, -(10**17)][choice >> 6])
    try:
        if choice & 32:
            packed = content if choice & 16 else zlib.compress(body, 1, 31)[: -(choice & 3) or None]
            with Memory(2**22).hold() as held:
                body = gunzip(packed, held)
        admission = admit(body, reception, RULES[choice >> 3 & 1])
    except (BadBodyError, RefusedError) as refused:
        status = refused.status
    else:
        status = HTTPStatus.ACCEPTED
        assert_storable(admission)
    assert status in {HTTPStatus.ACCEPTED, HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}


def assert_storable(admission: Admission) -> None:
    """Every event is decided on, every line can be sealed, every row can be inserted."""
    assert admission.accepted == sum(day.events for day in admission.days)
    assert len(admission.quarantine) == len(admission.rejections)
    for day, events, payload in admission.days:
        *lines, end = payload.split(b"\n")
        assert (len(lines), end) == (events, b"")
        for line in lines:
            stored = _LINE.decode(line)
            window = CALENDAR.window(stored.occurred_at)
            assert window.day == day
            assert_text(stored.learner_id, stored.course_id, stored.metadata)
    for row in admission.quarantine:
        assert_text(row.event_id, row.course_id, row.event_type, row.reason)


def assert_text(*values: Any) -> None:
    """No text, however deep, holds NUL or a lone surrogate."""
    for value in values:
        if isinstance(value, str):
            assert "\0" not in value
            value.encode()
        elif isinstance(value, dict):
            assert_text(*value, *value.values())
        elif isinstance(value, list):
            assert_text(*value)


def resident_bytes() -> int:
    """How much memory this process takes at the moment."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def main() -> None:
    """Fuzz until the runs of the command line are done."""
    runs = Runs()
    atheris.Setup(sys.argv, runs.take)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
