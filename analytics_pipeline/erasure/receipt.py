"""The receipts of erasures: what was removed, and what could not be reached. They name no learner."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import uuid4

from psycopg import Connection
from psycopg.rows import class_row

from analytics_pipeline.days import contiguous_ranges
from analytics_pipeline.erasure.key import key_id, learner_hash

_KNOWN = "SELECT erasure_id FROM analytics.tombstone WHERE learner_hash = ANY(%s) ORDER BY erasure_id LIMIT 1"
_OPEN = """
    INSERT INTO analytics.erasure (id, started_at, events, days, quarantined, unreached)
    VALUES (%s, now(), 0, '{}', 0, '{}')
    ON CONFLICT (id) DO UPDATE SET started_at = now(), finished_at = NULL
"""
_TOMBSTONE = """
    INSERT INTO analytics.tombstone (learner_hash, key_id, erasure_id, kept_out)
    VALUES (%s, %s, %s, 0)
    ON CONFLICT (learner_hash) DO NOTHING
"""
_CLOSE = """
    UPDATE analytics.erasure SET unreached = %s, finished_at = CASE WHEN %s THEN now() END WHERE id = %s
"""
_READ = """
    SELECT e.id, e.started_at, e.finished_at, e.events, e.days, e.quarantined, e.unreached,
           (SELECT coalesce(sum(kept_out), 0)::bigint FROM analytics.tombstone WHERE erasure_id = e.id)
               AS kept_out
      FROM analytics.erasure e
     WHERE e.id = %s
"""


@dataclass(frozen=True)
class Receipt:
    """What one erasure did, all of its starts together."""

    id: str
    started_at: datetime
    finished_at: datetime | None
    events: int
    days: list[date]
    quarantined: int
    unreached: list[str]
    kept_out: int

    def sentences(self) -> list[str]:
        """The same for people."""
        state = f"finished {self.finished_at:%Y-%m-%d %H:%M:%S %Z}" if self.finished_at else "NOT finished"
        days = ", ".join(map(str, contiguous_ranges(self.days, longest=100_000))) or "none"
        return [
            f"Erasure {self.id}, {state}.",
            f"Removed: {self.events} events of the lake and {self.quarantined} of the quarantine.",
            f"Kept out on their way from the inbox: {self.kept_out} events.",
            f"Days whose numbers were computed anew: {days}.",
            *(f"Not reached: {sentence}" for sentence in self.unreached),
        ]


def open_receipt(connection: Connection, key: str, names: Sequence[str]) -> str:
    """The id of the receipt for this learner; the tombstones stand when this returns.

    One learner has one receipt, however often the erasure is started.
    """
    hashes = [learner_hash(key, name) for name in names]
    with connection.transaction():
        known = connection.execute(_KNOWN, [hashes]).fetchone()
        erasure_id = str(known[0]) if known else f"erasure-{uuid4().hex[:12]}"
        connection.execute(_OPEN, [erasure_id])
        for hashed in hashes:
            connection.execute(_TOMBSTONE, [hashed, key_id(key), erasure_id])
    return erasure_id


def close_receipt(
    connection: Connection, erasure_id: str, unreached: Iterable[str], *, finished: bool
) -> None:
    """Note what could not be reached, and that the rest is gone, within the caller's transaction."""
    connection.execute(_CLOSE, [list(unreached), finished, erasure_id])


def read_receipt(connection: Connection, erasure_id: str) -> Receipt:
    """The receipt of this erasure."""
    with connection.cursor(row_factory=class_row(Receipt)) as cursor:
        receipt = cursor.execute(_READ, [erasure_id]).fetchone()
    if receipt is None:
        raise LookupError(f"there is no erasure {erasure_id}")
    return receipt
