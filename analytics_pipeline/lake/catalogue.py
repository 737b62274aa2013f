"""The lake's catalogue, `analytics.lake_day`: which files hold a day, and how far the day has come.

Functions here read or change rows; they never commit. Changes compare what they replace with what was read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from psycopg import Connection
from psycopg.rows import class_row

from analytics_pipeline.days import DayRange
from analytics_pipeline.metrics.fingerprint import PUBLISHED_DAY


class CatalogueChangedError(Exception):
    """A day's row is not as it was read: something else wrote to the lake meanwhile."""


@dataclass(frozen=True)
class LakeDay:
    """One row of the catalogue: a sealed day; without more than a version, one that has no event."""

    day: date
    version: int
    files: list[str] = field(default_factory=list)
    events: int = 0
    bytes: int = 0
    duplicates: int = 0
    learner_files: list[str] = field(default_factory=list)
    learner_version: int | None = None
    published_version: int | None = None
    pruned: bool = False
    learner_definition: str | None = None
    published_definition: str | None = None
    frozen: bool = False


_ROW = """
    SELECT day, version, files, events, bytes, duplicates, learner_files, learner_version, published_version,
           pruned_at IS NOT NULL AS pruned, learner_definition, published_definition,
           frozen_at IS NOT NULL AS frozen
      FROM analytics.lake_day
"""
_READ = f"{_ROW} WHERE day = ANY(%s)"
_NOT_FROZEN = f"{_ROW} WHERE frozen_at IS NULL AND day < %s ORDER BY day"
_ADD = """
    INSERT INTO analytics.lake_day (day, version, files, events, bytes, duplicates, learner_files)
    VALUES (%s, %s, %s, %s, %s, %s, '{}')
    ON CONFLICT (day) DO NOTHING
"""
_ADVANCE = """
    UPDATE analytics.lake_day
       SET version = %s, files = %s, events = %s, bytes = %s, duplicates = %s
     WHERE day = %s AND version = %s AND files = %s AND pruned_at IS NULL
"""
_SET_LEARNER_DAYS = """
    UPDATE analytics.lake_day
       SET learner_files = %s, learner_version = version, learner_definition = %s
     WHERE day = %s AND version = %s AND pruned_at IS NULL
"""
_FIRST_DAY = """
    SELECT least((SELECT min(day) FROM analytics.lake_day WHERE events > 0),
                 (SELECT min(day) FROM ingest.inbox))
"""
_LAST_FROZEN = "SELECT max(day) FROM analytics.lake_day WHERE frozen_at IS NOT NULL"
_BEHIND = """
    SELECT day FROM ingest.inbox WHERE day < %(today)s
    UNION
    SELECT day FROM analytics.lake_day
     WHERE day < %(today)s
       AND (published_version IS NULL OR published_version < version
            OR published_definition <> %(definition)s)
"""


def lake_days(connection: Connection, days: Iterable[date]) -> dict[date, LakeDay]:
    """The rows of those of `days` that were sealed before, oldest first."""
    with connection.cursor(row_factory=class_row(LakeDay)) as cursor:
        rows = cursor.execute(_READ, [list(days)]).fetchall()
    return {row.day: row for row in sorted(rows, key=lambda row: row.day)}


def days_not_frozen(connection: Connection, before: date) -> list[LakeDay]:
    """The rows of the days before `before` whose learner days were not let go of, oldest first."""
    with connection.cursor(row_factory=class_row(LakeDay)) as cursor:
        return cursor.execute(_NOT_FROZEN, [before]).fetchall()


def advance(connection: Connection, changes: Sequence[tuple[LakeDay | None, LakeDay]]) -> None:
    """Put each new row in the place of the old one, or add it where there was none.

    Raises CatalogueChangedError when any old row is not there as it was read, or a new one exists already.
    """
    added = [new for old, new in changes if old is None]
    moved = [(old, new) for old, new in changes if old is not None]
    with connection.cursor() as cursor:
        if added:
            cursor.executemany(
                _ADD,
                [(new.day, new.version, new.files, new.events, new.bytes, new.duplicates) for new in added],
            )
            _all_changed(cursor.rowcount, [new.day for new in added])
        if moved:
            cursor.executemany(
                _ADVANCE,
                [
                    (
                        new.version,
                        new.files,
                        new.events,
                        new.bytes,
                        new.duplicates,
                        old.day,
                        old.version,
                        old.files,
                    )
                    for old, new in moved
                ],
            )
            _all_changed(cursor.rowcount, [old.day for old, _ in moved])


def set_learner_days(
    connection: Connection, built: Sequence[tuple[LakeDay, list[str]]], definition: str
) -> None:
    """Name the learner-day files that were built from each row's version; CatalogueChangedError as above.

    `definition` is the fingerprint of the SQL that made them.
    """
    with connection.cursor() as cursor:
        cursor.executemany(
            _SET_LEARNER_DAYS, [(files, definition, row.day, row.version) for row, files in built]
        )
        _all_changed(cursor.rowcount, [row.day for row, _ in built])


def first_day(connection: Connection) -> date | None:
    """The first day with events, sealed or not; None when there is none."""
    row = connection.execute(_FIRST_DAY).fetchone()
    return row[0] if row else None


def first_kept_day(connection: Connection) -> date | None:
    """The first day whose learner days are kept; None while none were let go of."""
    row = connection.execute(_LAST_FROZEN).fetchone()
    return row[0] + timedelta(days=1) if row and row[0] else None


def due_days(connection: Connection, today: date) -> list[date]:
    """Days before `today` that have something to seal or to publish, or were never looked at, oldest first.

    Due is a day with inbox rows, one whose published version is behind or whose numbers were made by another
    definition, and one between the first day with events and yesterday that has no row yet. `today` is
    provisional and a pruned day is frozen: never due.
    """
    behind = {day for (day,) in connection.execute(_BEHIND, {"today": today, "definition": PUBLISHED_DAY})}
    first = first_day(connection)
    whole = set(DayRange(first, today - timedelta(days=1))) if first and first < today else set[date]()
    known = lake_days(connection, behind | whole)
    pruned = {day for day, row in known.items() if row.pruned}
    return sorted((behind | whole - known.keys()) - pruned)


def as_of_day(connection: Connection, today: date) -> date | None:
    """The last day before `today` up to which every day since the first with events was published.

    None while the first day with events is not published.
    """
    first = first_day(connection)
    if first is None or first >= today:
        return None
    whole = DayRange(first, today - timedelta(days=1))
    published = {
        day for day, row in lake_days(connection, whole).items() if row.published_version is not None
    }
    last = None
    for day in whole:
        if day not in published:
            break
        last = day
    return last


def _all_changed(rows: int, days: Sequence[date]) -> None:
    if rows != len(days):
        raise CatalogueChangedError(
            f"The catalogue changed while {days[0]} to {days[-1]} were being written: {len(days) - rows} of"
            f" {len(days)} days are not as they were read; nothing was committed, run these days again."
        )
