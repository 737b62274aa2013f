"""Which rows of the quarantine are meant, and what can be said of them without their bodies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from analytics_pipeline.events import Reason

_CHOSEN = """
    FROM ingest.quarantine
   WHERE (%(ids)s::text[] = '{}' OR id LIKE ANY (%(ids)s))
     AND (%(reason)s::text IS NULL OR split_part(reason, ':', 1) = %(reason)s)
     AND (%(first)s::date IS NULL OR day >= %(first)s)
     AND (%(last)s::date IS NULL OR day <= %(last)s)
"""
_COLUMNS = "SELECT id, received_at, day, key_id, skew_us, event_id, course_id, event_type, reason, body"
_COUNT = f"SELECT split_part(reason, ':', 1) AS kind, count(*) {_CHOSEN} GROUP BY kind ORDER BY count(*) DESC"
_NEWEST = f"{_COLUMNS} {_CHOSEN} ORDER BY received_at DESC, id LIMIT %(limit)s"
_OLDEST_FIRST = f"{_COLUMNS} {_CHOSEN} ORDER BY received_at, id"
_DROP = f"DELETE {_CHOSEN}"

FOUND_LATER = frozenset({Reason.CONFLICT.value, Reason.UNKNOWN_ORDER.value})
"""Reasons that a run finds; what they need is another event, not another rule."""


@dataclass(frozen=True)
class Selection:
    """Rows that fit everything that is given; all rows when nothing is. `ids` are ids or their beginnings."""

    ids: Sequence[str] = ()
    reason: Reason | None = None
    first: date | None = None
    last: date | None = None
    parameters: dict[str, Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        ids = [f"{text}%" for text in self.ids]
        given = {"ids": ids, "reason": self.reason, "first": self.first, "last": self.last}
        object.__setattr__(self, "parameters", given)


@dataclass(frozen=True)
class Row:
    """A rejected event as it is kept."""

    id: str
    received_at: datetime
    day: date
    key_id: str | None
    skew_us: int
    event_id: str | None
    course_id: str | None
    event_type: str | None
    reason: str
    body: bytes

    @property
    def is_put_here_later(self) -> bool:
        """Whether it was received in order, and only what else was received told against it."""
        return self.reason in FOUND_LATER


def count(connection: Connection, selection: Selection) -> dict[str, int]:
    """How many rows there are of each kind of reason, the most frequent first."""
    return dict(connection.execute(_COUNT, selection.parameters).fetchall())


def newest(connection: Connection, selection: Selection, limit: int) -> list[Row]:
    """The `limit` rows that came last, the newest first."""
    with connection.cursor(row_factory=class_row(Row)) as cursor:
        return cursor.execute(_NEWEST, selection.parameters | {"limit": limit}).fetchall()


def oldest_first(connection: Connection, selection: Selection, at_once: int) -> Iterator[list[Row]]:
    """All rows as they are now, in the order of their reception, `at_once` at a time.

    The rows are held by the server, so the caller may delete and commit between one chunk and the next.
    """
    with connection.cursor("quarantine", row_factory=class_row(Row), withhold=True) as cursor:
        cursor.execute(_OLDEST_FIRST, selection.parameters)
        while rows := cursor.fetchmany(at_once):
            yield rows


def drop(connection: Connection, selection: Selection) -> int:
    """Delete the rows and return how many there were. The caller commits."""
    return connection.execute(_DROP, selection.parameters).rowcount
