"""Events in the inbox for a day that was pruned: no number can take them in, so they are quarantined."""

from datetime import date, datetime

import msgspec

from analytics_pipeline.erasure.tombstones import Tombstones
from analytics_pipeline.events import Reason, StoredEvent
from analytics_pipeline.lake.wire import wire_form
from analytics_pipeline.quarantine.ids import quarantine_id
from analytics_pipeline.run import PipelineRun

_LATE = """
    SELECT i.id, i.day, i.received_at, i.payload
      FROM ingest.inbox i JOIN analytics.lake_day l USING (day)
     WHERE l.pruned_at IS NOT NULL
     ORDER BY i.id
     LIMIT 100
"""
_QUARANTINE = """
    INSERT INTO ingest.quarantine (id, received_at, day, event_id, course_id, event_type, reason, body)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (id) DO NOTHING
"""
_REMOVE = "DELETE FROM ingest.inbox WHERE id = ANY(%s)"
_EVENT = msgspec.json.Decoder(StoredEvent)


def quarantine_late(run: PipelineRun, tombstones: Tombstones) -> int:
    """Move what the inbox holds of pruned days to quarantine, erased learners aside; return how many events.

    Raises msgspec.DecodeError on a line that is no stored event: its row stays in the inbox.
    """
    moved = 0
    while True:
        with run.connection.transaction():
            run.turn.check(run.connection)
            rows = run.connection.execute(_LATE).fetchall()
            with run.connection.cursor() as cursor:
                late = [
                    _quarantined(_EVENT.decode(line), day, received_at)
                    for _, day, received_at, payload in rows
                    for line in tombstones.keep_out(payload).splitlines()
                ]
                cursor.executemany(_QUARANTINE, late)
                cursor.execute(_REMOVE, [[row_id for row_id, *_ in rows]])
        moved += len(late)
        if not rows:
            return moved


def _quarantined(event: StoredEvent, day: date, received_at: datetime) -> tuple[object, ...]:
    reason = f"{Reason.TOO_OLD}: {day} was pruned"
    body = wire_form(
        event_id=event.event_id,
        event_type=event.event_type,
        learner_id=event.learner_id,
        course_id=event.course_id,
        lesson_idx=event.lesson_idx,
        metadata=msgspec.json.encode(event.metadata).decode(),
        created_at=event.occurred_at - event.skew_us,
    )
    key = quarantine_id(reason, body)
    return key, received_at, day, event.event_id, event.course_id, event.event_type, reason, body
