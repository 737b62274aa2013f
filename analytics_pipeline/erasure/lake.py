"""Takes a learner's events and learner days out of the lake, a day at a time, each in one commit."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from psycopg import Connection
from psycopg.rows import class_row

from analytics_pipeline.engine import ParquetFiles
from analytics_pipeline.lake.catalogue import CatalogueChangedError, LakeDay, advance
from analytics_pipeline.lake.schema import EVENTS, LEARNER_DAYS, Kind
from analytics_pipeline.metrics.last_publication import forget_publication
from analytics_pipeline.run import PipelineRun

DAYS_AT_ONCE = 100

_ALL = """
    SELECT day, version, files, events, bytes, duplicates, learner_files, learner_version, published_version,
           pruned_at IS NOT NULL AS pruned, frozen_at IS NOT NULL AS frozen
      FROM analytics.lake_day
     ORDER BY day
"""
_DAYS_OF_LEARNER = "SELECT DISTINCT day FROM held WHERE list_contains($names, learner_id)"
_OTHERS = "SELECT * FROM held WHERE NOT coalesce(list_contains($names, learner_id), FALSE)"
_HAS_LEARNER = "SELECT 1 FROM held WHERE list_contains($names, learner_id) LIMIT 1"
_SET_LEARNER_FILES = "UPDATE analytics.lake_day SET learner_files = %s WHERE day = %s AND learner_files = %s"
_COUNT = """
    UPDATE analytics.erasure
       SET events = events + %s, days = ARRAY(SELECT DISTINCT unnest(days || %s::date) ORDER BY 1)
     WHERE id = %s
"""


@dataclass(frozen=True)
class Learner:
    """Who is erased: every id that stands for the learner, and the erasure whose receipt counts it."""

    names: tuple[str, ...]
    erasure_id: str


def erase_events(run: PipelineRun, learner: Learner) -> list[date]:
    """Remove the learner's events and return the days that held any; their numbers are to be computed anew.

    A day gets a new version, so that whatever becomes of this run, the day is due afterwards.
    """
    days = []
    for row in _rows_with(run, learner):
        _erase_day(run, learner, row)
        days.append(row.day)
    return days


def erase_carried(run: PipelineRun, learner: Learner) -> int:
    """Remove the learner from learner days whose events were pruned; return from how many files."""
    changed = 0
    for row in _catalogue(run.connection):
        if row.pruned and row.learner_files:
            held = ParquetFiles(run.lake.paths(row.learner_files), LEARNER_DAYS)
            if _asked(run, held, _HAS_LEARNER, learner):
                _rewrite_learner_days(run, learner, row, held)
                changed += 1
    return changed


def _catalogue(connection: Connection) -> list[LakeDay]:
    with connection.cursor(row_factory=class_row(LakeDay)) as cursor:
        return cursor.execute(_ALL).fetchall()


def _rows_with(run: PipelineRun, learner: Learner) -> Iterator[LakeDay]:
    rows = [row for row in _catalogue(run.connection) if row.files]
    for at in range(0, len(rows), DAYS_AT_ONCE):
        chunk = rows[at : at + DAYS_AT_ONCE]
        held = ParquetFiles(run.lake.paths(name for row in chunk for name in row.files), EVENTS)
        days = {day for (day,) in _asked(run, held, _DAYS_OF_LEARNER, learner)}
        yield from (row for row in chunk if row.day in days)


def _asked(run: PipelineRun, held: ParquetFiles, query: str, learner: Learner) -> list[tuple[date]]:
    with run.engine.session({"held": held}) as duck:
        return duck.execute(query, {"names": list(learner.names)}).fetchall()


def _erase_day(run: PipelineRun, learner: Learner, row: LakeDay) -> None:
    held = ParquetFiles(run.lake.paths(row.files), EVENTS)
    name = run.lake.new_name(Kind.EVENTS, row.day, row.version + 1)
    names, kept = _write_others(run, learner, held, name)
    changed = replace(row, version=row.version + 1, files=names, events=kept, bytes=run.lake.size(names))
    with run.connection.transaction():
        run.turn.check(run.connection)
        advance(run.connection, [(row, changed)])
        forget_publication(run.connection)
        run.connection.execute(_COUNT, [row.events - kept, row.day, learner.erasure_id])
    run.lake.remove(row.files)


def _rewrite_learner_days(run: PipelineRun, learner: Learner, row: LakeDay, held: ParquetFiles) -> None:
    name = run.lake.new_name(Kind.LEARNER_DAYS, row.day, row.version)
    names, _ = _write_others(run, learner, held, name)
    with run.connection.transaction():
        run.turn.check(run.connection)
        changed = run.connection.execute(_SET_LEARNER_FILES, [names, row.day, row.learner_files])
        if changed.rowcount != 1:
            raise CatalogueChangedError(
                f"{row.day} changed while a learner was erased from it; run it again."
            )
        forget_publication(run.connection)
    run.lake.remove(row.learner_files)


def _write_others(run: PipelineRun, learner: Learner, held: ParquetFiles, name: str) -> tuple[list[str], int]:
    """A new file with the rows of everybody else; none where there are no such rows."""
    parameters = {"names": list(learner.names)}
    kept = run.engine.write_parquet(_OTHERS, {"held": held}, parameters, run.lake.place(name))
    if kept == 0:
        run.lake.remove([name])
        return [], 0
    run.lake.persist([name])
    return [name], kept
