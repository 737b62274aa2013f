"""Judges quarantined events anew; what is sound by now moves into the inbox."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from psycopg import Connection

from analytics_pipeline.events import Reason, Rejection
from analytics_pipeline.ingest.admission import Admission, admit
from analytics_pipeline.ingest.envelope import BadBodyError
from analytics_pipeline.ingest.intake import Reception, Rules
from analytics_pipeline.instants import microseconds
from analytics_pipeline.quarantine.rows import FOUND_LATER, Row, Selection, oldest_first

AT_ONCE = 1000

_TAKE_OUT = "DELETE FROM ingest.quarantine WHERE id = ANY(%s) RETURNING id"
_PUT_IN = "INSERT INTO ingest.inbox (day, received_at, events, payload) VALUES (%s, %s, %s, %s)"


@dataclass
class Replayed:
    """What became of the rows: in the inbox, still rejected (by kind of reason), or left to runs."""

    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    left: int = 0


def replay(
    pipeline: Connection,
    ingest: Connection,
    rules: Rules,
    selection: Selection,
    report: Callable[[int], None] = lambda _: None,
) -> Replayed:
    """Move the events of `selection` that are sound by now from the quarantine into the inbox.

    They pass the same checks as an event that comes in, and keep the day and the id that they would have had
    then; a repeated id counts once, a conflicting one returns here when its day is sealed. So what a run put
    here is left to runs, unless the selection names it by reason or id. Rows that are rejected again stay.

    `pipeline` and `ingest` are connections of these roles, in autocommit mode: each may do its half alone.
    The inbox commits first. Stopped in between and run again, an event comes twice and counts once.
    """
    done = Replayed()
    takes_all = selection.reason in FOUND_LATER or bool(selection.ids)
    for rows in oldest_first(pipeline, selection, AT_ONCE):
        judged = [row for row in rows if takes_all or not row.is_put_here_later]
        done.left += len(rows) - len(judged)
        done.accepted += _replay_rows(pipeline, ingest, rules, judged, done.rejected)
        report(done.accepted)
    return done


def _replay_rows(
    pipeline: Connection, ingest: Connection, rules: Rules, rows: Sequence[Row], rejected: Counter[str]
) -> int:
    received_at = datetime.now(UTC)
    sound: dict[str, Admission] = {}
    for row in rows:
        admission = _judge(row, received_at, rules)
        if admission.accepted:
            sound[row.id] = admission
        else:
            rejected[admission.rejections[0].reason.partition(":")[0]] += 1
    with pipeline.transaction():
        # Only what is still there: another replay, or an erasure, may have been faster.
        taken = {row_id for (row_id,) in pipeline.execute(_TAKE_OUT, [list(sound)])}
        _put_in(ingest, [admission for row_id, admission in sound.items() if row_id in taken], received_at)
    return len(taken)


def _judge(row: Row, received_at: datetime, rules: Rules) -> Admission:
    reception = Reception(row.key_id or "", microseconds(received_at), row.skew_us)
    try:
        return admit(b"[%b]" % row.body, reception, rules)
    except BadBodyError as error:
        return Admission(0, [], [Rejection(0, None, f"{Reason.MALFORMED}: {error}")], [])


def _put_in(ingest: Connection, admissions: Sequence[Admission], received_at: datetime) -> None:
    payloads: dict[date, list[bytes]] = {}
    for admission in admissions:
        for day in admission.days:
            payloads.setdefault(day.day, []).append(day.payload)
    rows = [(day, received_at, len(lines), b"".join(lines)) for day, lines in payloads.items()]
    with ingest.transaction(), ingest.cursor() as cursor:
        cursor.executemany(_PUT_IN, rows)
