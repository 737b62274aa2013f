"""Seals one chunk of days: files first, then one transaction that names them and empties the inbox."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain

from duckdb import DuckDBPyConnection

from analytics_pipeline.erasure.tombstones import count_kept_out
from analytics_pipeline.lake.catalogue import LakeDay, advance, lake_days
from analytics_pipeline.lake.identity import find_left_out
from analytics_pipeline.lake.inbox import Inbox
from analytics_pipeline.lake.leavings import (
    LeftOut,
    count_left_out,
    quarantine_conflicts,
    record_duplicates,
)
from analytics_pipeline.lake.parts import Part, rewrite_part, verify_parts, write_part
from analytics_pipeline.lake.standing import Surroundings
from analytics_pipeline.run import PipelineRun


@dataclass(frozen=True)
class DaySeal:
    """What a seal did to one day: the catalogue's row afterwards, and what this seal added or left out."""

    row: LakeDay
    inbox_rows: int = 0
    events: int = 0
    duplicates: int = 0
    conflicts: int = 0
    kept_out: int = 0


@dataclass(frozen=True)
class _Change:
    part: Part
    old: LakeDay | None
    seal: DaySeal


def seal_chunk(run: PipelineRun, inbox: Inbox, days: Sequence[date]) -> list[DaySeal]:
    """Move what the inbox holds of these days into the lake, in one commit; all of it or nothing.

    Returns what became of the days that had anything in the inbox.
    Raises UnreadableInboxError when a day holds something that is not an event, TurnLostError,
    CatalogueChangedError or InboxRowsGoneError when another run has interfered. A failed seal leaves at
    most files that nothing names.
    """
    rows = lake_days(run.connection, days)
    with run.engine.session() as duck:
        parts: list[Part] = []
        try:
            for day, read in inbox.days(days).items():
                parts.append(write_part(duck, run.lake, read, _next_version(rows.get(day))))
            if not parts:
                return []
            verify_parts(duck, run.lake, parts, run.settings.zone)
            left_out = _leave_out(duck, run, inbox, parts, rows)
        except BaseException:
            run.lake.remove(chain.from_iterable(part.names for part in parts))
            raise
        run.lake.persist([name for part in parts for name in part.names])
        changes = [_change(run, part, rows.get(part.read.day), left_out) for part in parts]
        _commit(run, duck, inbox, changes, left_out)
    inbox.forget(days)
    return [change.seal for change in changes]


def _next_version(row: LakeDay | None) -> int:
    return row.version + 1 if row else 1


def _leave_out(
    duck: DuckDBPyConnection,
    run: PipelineRun,
    inbox: Inbox,
    parts: list[Part],
    rows: dict[date, LakeDay],
) -> LeftOut | None:
    """Rewrite in place the parts that hold events whose id is taken; None when there is no such event."""
    days = [part.read.day for part in parts]
    if not find_left_out(duck, days, Surroundings(run.connection, run.lake, inbox)):
        return None
    left_out = count_left_out(duck)
    for at, part in enumerate(parts):
        if events := left_out.on(part.read.day):
            version = _next_version(rows.get(part.read.day))
            parts[at] = rewrite_part(duck, run.lake, part, events, version)
    return left_out


def _change(run: PipelineRun, part: Part, old: LakeDay | None, left_out: LeftOut | None) -> _Change:
    day = part.read.day
    before = old or LakeDay(day, 0)
    duplicates = left_out.duplicates[day] if left_out else 0
    row = replace(
        before,
        version=before.version + 1 if part.names or old is None else before.version,
        files=[*before.files, *part.names],
        events=before.events + part.events,
        bytes=before.bytes + run.lake.size(part.names),
        duplicates=before.duplicates + duplicates,
    )
    conflicts = left_out.conflicts[day] if left_out else 0
    seal = DaySeal(
        row, len(part.read.row_ids), part.events, duplicates, conflicts, part.read.kept_out.total()
    )
    return _Change(part, old, seal)


def _commit(
    run: PipelineRun,
    duck: DuckDBPyConnection,
    inbox: Inbox,
    changes: Sequence[_Change],
    left_out: LeftOut | None,
) -> None:
    with run.connection.transaction():
        run.turn.check(run.connection)
        advance(run.connection, [(change.old, change.seal.row) for change in changes])
        if left_out is not None:
            record_duplicates(run.connection, duck)
            quarantine_conflicts(run.connection, duck)
        for change in changes:
            count_kept_out(run.connection, change.part.read.kept_out)
        inbox.remove([change.part.read for change in changes])
