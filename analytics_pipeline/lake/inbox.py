"""Reads days of the inbox into scratch files, and remembers which rows it read.

A row that commits after the read is not in it: it stays in the inbox and is sealed the next time.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import msgspec
from psycopg import Connection

from analytics_pipeline.erasure.tombstones import Tombstones
from analytics_pipeline.events import StoredEvent
from analytics_pipeline.lake.schema import INBOX_LINE

_WAITING = """
    SELECT day, sum(events) FROM ingest.inbox WHERE day = ANY(%s) GROUP BY day ORDER BY day
"""
_READ = """
    COPY (SELECT day, id, events, payload FROM ingest.inbox WHERE day = ANY(%s) ORDER BY day, id)
      TO STDOUT (FORMAT BINARY)
"""
_REMOVE = "DELETE FROM ingest.inbox USING sealed WHERE inbox.id = sealed.id"

_COLUMNS = ", ".join(f"{column}: '{kind}'" for column, kind in INBOX_LINE.items())
NO_TOMBSTONES = Tombstones()
LINES_OF_FILE = f"read_ndjson($file, ignore_errors = $lenient, columns = {{{_COLUMNS}}})"
"""DuckDB: the lines of a scratch file. A bad line is an error, or if $lenient all null."""

NUMBERED_LINES_OF_FILE = f"(SELECT *, row_number() OVER () AS position FROM {LINES_OF_FILE})"  # noqa: S608  # constants
"""The same with their position, which keeps DuckDB from reading them in parallel."""


class UnreadableInboxError(Exception):
    """The inbox holds something that is not a stored event; nothing of its day was sealed."""


class InboxRowsGoneError(Exception):
    """Rows that were read have left the inbox meanwhile; what was built from them must not be committed."""


class _Line(StoredEvent, forbid_unknown_fields=True):
    """A line as this version knows it: a key beyond these would be lost, so it is refused."""


_LINE = msgspec.json.Decoder(_Line)


class InboxDay:
    """What the inbox held of one day when it was read, in order of arrival; at least one row."""

    def __init__(self, day: date, path: Path) -> None:
        self.day = day
        self.path = path
        self.row_ids = array("q")
        self.row_events = array("q")
        self.kept_out = Counter[str]()
        self.is_known = True

    @property
    def events(self) -> int:
        """How many events the rows say they hold, without those of erased learners."""
        return sum(self.row_events)

    def fault(self) -> str | None:
        """The first thing in these rows that is not a stored event, and where; None when all is sound."""
        with self.path.open("rb") as lines:
            for row_id, events in zip(self.row_ids, self.row_events, strict=True):
                for number in range(1, events + 1):
                    try:
                        _LINE.decode(lines.readline())
                    except (msgspec.DecodeError, UnicodeDecodeError) as error:
                        return f"line {number} of inbox row {row_id} is not a stored event ({error})"
            return "an inbox row holds more lines than it says" if lines.readline() else None


class Inbox:
    """The days of the inbox that one seal reads, each of them once."""

    def __init__(self, connection: Connection, folder: Path, tombstones: Tombstones = NO_TOMBSTONES) -> None:
        self._connection = connection
        self._tombstones = tombstones
        self._folder = folder
        self._read: dict[date, InboxDay | None] = {}

    def waiting(self, days: Sequence[date]) -> dict[date, int]:
        """Those of `days` that have rows in the inbox, and how many events these hold."""
        return {day: int(events) for day, events in self._connection.execute(_WAITING, [days])}

    def days(self, days: Iterable[date]) -> dict[date, InboxDay]:
        """Those of `days` that had rows when they were read; what was not read yet is read at one moment."""
        wanted = sorted(set(days))
        unread = [day for day in wanted if day not in self._read]
        if unread:
            self._copy(unread)
        return {day: read for day in wanted if (read := self._read[day]) is not None}

    def remove(self, days: Iterable[InboxDay]) -> None:
        """Delete exactly the rows that were read, within the caller's transaction.

        Raises InboxRowsGoneError when any of them is not there any more.
        """
        with self._connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE sealed (id bigint PRIMARY KEY) ON COMMIT DROP")
            rows = 0
            with cursor.copy("COPY sealed FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["int8"])
                for row_id in (row_id for day in days for row_id in day.row_ids):
                    copy.write_row((row_id,))
                    rows += 1
            removed = cursor.execute(_REMOVE).rowcount
        if removed != rows:
            raise InboxRowsGoneError(
                f"{rows - removed} of {rows} inbox rows vanished while they were being sealed; nothing was"
                " committed, run these days again."
            )

    def forget(self, days: Iterable[date]) -> None:
        """Drop what was read of these days; it is read anew when it is asked for again."""
        for day in days:
            read = self._read.pop(day, None)
            if read is not None:
                read.path.unlink()

    def _copy(self, days: list[date]) -> None:
        self._read.update(dict.fromkeys(days))
        with self._connection.cursor() as cursor, cursor.copy(_READ, [days]) as copy:
            copy.set_types(["date", "int8", "int4", "bytea"])
            for day, rows in groupby(copy.rows(), key=itemgetter(0)):
                read = InboxDay(day, self._folder / f"inbox-{day}.ndjson")
                with read.path.open("wb", buffering=1 << 20) as file:
                    for _, row_id, events, payload in rows:
                        read.row_ids.append(row_id)
                        kept = self._tombstones.keep_out(payload, read.kept_out)
                        read.row_events.append(events - (payload.count(b"\n") - kept.count(b"\n")))
                        read.is_known = read.is_known and _begins_as_known(payload)
                        file.write(kept)
                self._read[day] = read


def _begins_as_known(payload: bytes) -> bool:
    # One version of the ingest service wrote the whole row: its first line stands for the others.
    try:
        _LINE.decode(payload[: payload.find(b"\n")])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True
