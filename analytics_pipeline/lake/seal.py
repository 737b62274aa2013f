"""Seals days: what the inbox holds of them becomes files of the lake, and each event is there once."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

import duckdb
import psycopg

from analytics_pipeline.erasure.tombstones import read_tombstones
from analytics_pipeline.lake.catalogue import LakeDay, advance, lake_days
from analytics_pipeline.lake.chunk import DaySeal, seal_chunk
from analytics_pipeline.lake.compact import MOST_PARTS, compact_day
from analytics_pipeline.lake.event_files import writings
from analytics_pipeline.lake.inbox import Inbox, UnreadableInboxError
from analytics_pipeline.lake.plan import plan_chunks, work_or_halve
from analytics_pipeline.run import PipelineRun

CHUNK_EVENTS = 1_000_000
CHUNK_DAYS = 200

_DAY_FAULTS = (UnreadableInboxError, duckdb.Error, psycopg.DataError, psycopg.IntegrityError)
"""What may be wrong with one day and not with another; anything else ends the run."""

_WAITING = "SELECT DISTINCT day FROM ingest.inbox"


@dataclass
class SealResult:
    """What became of each day: its seal, or the sentence that says why there is none."""

    sealed: dict[date, DaySeal] = field(default_factory=dict)
    failures: dict[date, str] = field(default_factory=dict)


def seal_days(run: PipelineRun, days: Iterable[date], report: Callable[[str], None]) -> SealResult:
    """Seal these days, oldest first, many small ones in one commit; a day that fails stops no other.

    A day with nothing in the inbox that was never sealed gets a row without events, so that it counts as
    looked at. A pruned day is refused. Running it again, after whatever interruption, neither loses nor
    doubles an event. Raises what concerns no single day, such as a lost turn or a lost connection.
    """
    result = SealResult()
    wanted = sorted(set(days))
    for row in lake_days(run.connection, wanted).values():
        if row.pruned:
            result.failures[row.day] = (
                f"{row.day} was pruned: its raw events are gone, and its published numbers stay."
            )
    open_days = [day for day in wanted if day not in result.failures]
    if open_days:
        _seal_waiting(run, open_days, result, report)
        _note_quiet_days(
            run, [day for day in open_days if day not in result.sealed | result.failures], result
        )
    result.sealed = dict(sorted(result.sealed.items()))
    return result


def seal_inbox(run: PipelineRun, report: Callable[[str], None]) -> SealResult:
    """Seal whatever waits in the inbox, today included."""
    return seal_days(run, [day for (day,) in run.connection.execute(_WAITING)], report)


def _seal_waiting(
    run: PipelineRun, days: Sequence[date], result: SealResult, report: Callable[[str], None]
) -> None:
    """Seal those of `days` that have rows in the inbox."""
    with run.engine.scratch_folder("seal") as folder:
        tombstones = read_tombstones(run.connection, run.settings)
        inbox = Inbox(run.connection, folder, tombstones)
        waiting = inbox.waiting(days)
        seal_together = partial(_seal_together, run, inbox, result)
        for chunk in plan_chunks(waiting, CHUNK_EVENTS, CHUNK_DAYS):
            result.failures |= work_or_halve(chunk, seal_together, _DAY_FAULTS)
            _compact(run, [day for day in chunk if day in result.sealed], result, report)
            report(_progress(result, waiting, chunk[-1]))


def _progress(result: SealResult, waiting: Collection[date], last: date) -> str:
    failed = sum(day in result.failures for day in waiting)
    sealed = sum(day in result.sealed for day in waiting)
    return f"Sealed {sealed} of {len(waiting)} days, through {last}{f'; {failed} failed' if failed else ''}."


def _seal_together(run: PipelineRun, inbox: Inbox, result: SealResult, days: list[date]) -> None:
    result.sealed |= {seal.row.day: seal for seal in seal_chunk(run, inbox, days)}


def _compact(
    run: PipelineRun, days: Iterable[date], result: SealResult, report: Callable[[str], None]
) -> None:
    for day in days:
        seal = result.sealed[day]
        if len(writings(seal.row.files)) > MOST_PARTS:
            try:
                result.sealed[day] = replace(seal, row=compact_day(run, seal.row))
            except duckdb.Error as error:
                # The day is sealed all the same, and its next seal tries again.
                report(f"{day} keeps its {len(seal.row.files)} files: {error}")


def _note_quiet_days(run: PipelineRun, days: Sequence[date], result: SealResult) -> None:
    """Give the days without inbox rows that were never sealed a row without events."""
    rows = lake_days(run.connection, days)
    new = [LakeDay(day, 1) for day in days if day not in rows]
    if new:
        with run.connection.transaction():
            run.turn.check(run.connection)
            advance(run.connection, [(None, row) for row in new])
    result.sealed |= {row.day: DaySeal(row) for row in [*rows.values(), *new]}
