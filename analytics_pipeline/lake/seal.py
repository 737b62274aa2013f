"""Seals days: what the inbox holds of them becomes files of the lake, and each event is there once."""

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path

import duckdb
import psycopg

from analytics_pipeline.lake.catalogue import LakeDay, advance, lake_days
from analytics_pipeline.lake.chunk import DaySeal, seal_chunk
from analytics_pipeline.lake.compact import compact
from analytics_pipeline.lake.inbox import Inbox, UnreadableInboxError
from analytics_pipeline.lake.plan import plan_chunks, work_or_halve
from analytics_pipeline.run import PipelineRun

CHUNK_EVENTS = 1_000_000
CHUNK_DAYS = 200

_DAY_FAULTS = (UnreadableInboxError, duckdb.Error, psycopg.DataError, psycopg.IntegrityError)
"""What may be wrong with one day and not with another; anything else ends the run."""


@dataclass
class SealResult:
    """What became of each day: its seal, or the sentence that says why there is none."""

    sealed: dict[date, DaySeal] = field(default_factory=dict)
    failures: dict[date, str] = field(default_factory=dict)


def seal_days(run: PipelineRun, days: Iterable[date], report: Callable[[str], None]) -> SealResult:
    """Seal these days, oldest first, many small ones in one commit; a day that fails stops no other.

    A day with nothing in the inbox that was never sealed gets a row without events, so that it counts as
    looked at. A pruned day is refused. Running it again, after whatever interruption, neither loses nor
    doubles an event. Raises what concerns no single day: a lost turn, a lost connection, a full disk.
    """
    result = SealResult()
    wanted = sorted(set(days))
    if not wanted:
        return result
    rows = lake_days(run.connection, wanted)
    for day in [day for day in wanted if day in rows and rows[day].pruned]:
        result.failures[day] = f"{day} was pruned: its raw events are gone, and its published numbers stay."
    open_days = [day for day in wanted if day not in result.failures]
    run.engine.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="seal-", dir=run.engine.scratch) as folder:
        inbox = Inbox(run.connection, Path(folder))
        waiting = inbox.waiting(wanted[0], wanted[-1])
        _note_quiet_days(run, [day for day in open_days if day not in waiting], rows, result)
        busy = {day: waiting[day] for day in open_days if day in waiting}
        for chunk in plan_chunks(busy, CHUNK_EVENTS, CHUNK_DAYS):
            seal_together = partial(_seal_together, run, inbox, result)
            result.failures |= work_or_halve(chunk, seal_together, _DAY_FAULTS)
            done = sum(day in result.sealed or day in result.failures for day in busy)
            report(f"Sealed {done} of {len(busy)} days, through {chunk[-1]}.")
    return result


def _note_quiet_days(
    run: PipelineRun, days: Sequence[date], rows: Mapping[date, LakeDay], result: SealResult
) -> None:
    new = [LakeDay(day, 1, [], 0, 0, 0, [], None, None, pruned=False) for day in days if day not in rows]
    if new:
        with run.connection.transaction():
            run.turn.check(run.connection)
            advance(run.connection, [(None, row) for row in new])
    quiet = {**rows, **{row.day: row for row in new}}
    result.sealed.update((day, DaySeal(quiet[day])) for day in days)


def _seal_together(run: PipelineRun, inbox: Inbox, result: SealResult, days: list[date]) -> None:
    seals = seal_chunk(run, inbox, days)
    compacted = {row.day: row for row in compact(run, [seal.row for seal in seals])}
    for seal in seals:
        result.sealed[seal.row.day] = replace(seal, row=compacted.get(seal.row.day, seal.row))
