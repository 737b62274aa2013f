"""The daily tables: computed from the events and learner days of each day, published day by day in chunks."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import duckdb
import psycopg
from psycopg import Connection

from analytics_pipeline.database.checks import CheckFailedError, CheckResult
from analytics_pipeline.database.new_rows import NewRows
from analytics_pipeline.database.publish import DayScope, Published, publish
from analytics_pipeline.engine import ModelFailedError, Relation
from analytics_pipeline.lake.catalogue import CatalogueChangedError, LakeDay, lake_days
from analytics_pipeline.lake.plan import plan_chunks, work_or_halve
from analytics_pipeline.metrics.causes import DEFINITION_CHANGE, LATE_EVENTS, RECOMPUTED
from analytics_pipeline.metrics.daily_checks import DAILY_CHECKS
from analytics_pipeline.metrics.failures import forget_failed_days
from analytics_pipeline.metrics.fingerprint import LEARNER_DAY, PUBLISHED_DAY
from analytics_pipeline.metrics.measured import measure_days
from analytics_pipeline.metrics.models import DAILY
from analytics_pipeline.metrics.relations import (
    duplicate_count,
    event_files,
    learner_day_files,
    quarantine_count,
    site_days,
)
from analytics_pipeline.metrics.times import time_bucket_frame
from analytics_pipeline.metrics.windows import refresh_days
from analytics_pipeline.run import PipelineRun

CHUNK_EVENTS = 2_000_000
CHUNK_DAYS = 100

_DAY_FAULTS = (
    CheckFailedError,
    duckdb.Error,
    ModelFailedError,
    psycopg.DataError,
    psycopg.IntegrityError,
)
"""What may be wrong with one day and not with another; anything else ends the run."""

_SET_PUBLISHED = """
    UPDATE analytics.lake_day
       SET published_version = version, reconciled_at = now(), published_definition = %s
     WHERE day = %s AND version = %s AND learner_version = version AND pruned_at IS NULL
"""


@dataclass
class DailyPublication:
    """What became of each day, and what the publication did in all."""

    days: list[date] = field(default_factory=list)
    failures: dict[date, str] = field(default_factory=dict)
    rows: Counter[str] = field(default_factory=Counter)
    revisions: int = 0
    checks: dict[str, CheckResult] = field(default_factory=dict)

    def add(self, days: Sequence[date], published: Published) -> None:
        """Count a publication of these days in."""
        self.days.extend(days)
        self.rows.update(published.rows)
        self.revisions += published.revisions
        self.add_checks(published.checks)

    def add_checks(self, results: Iterable[CheckResult]) -> None:
        """Count violations in, check by check."""
        for result in results:
            before = self.checks[result.name].violations if result.name in self.checks else 0
            self.checks[result.name] = CheckResult(
                result.name, result.description, before + result.violations
            )


def publish_daily(
    run: PipelineRun, days: Iterable[date], report: Callable[[str], None], cause: str | None = None
) -> DailyPublication:
    """Publish event_day, lesson_daily and course_daily of these days, oldest first; idempotent.

    Many small days go in one transaction, which also marks them as published; a day that fails keeps its old
    rows, is named, and stops no other. A day is refused when it was not sealed, when its learner days are
    behind its events or its definition, or when it was pruned. `cause` is why numbers move, where the caller
    knows better than what the catalogue tells. Raises what concerns no single day, such as a lost turn.
    """
    result = DailyPublication()
    rows = lake_days(run.connection, sorted(set(days)))
    for day in sorted(set(days)):
        if refusal := _refusal(day, rows.get(day)):
            result.failures[day] = refusal
    ready = {day: row for day, row in rows.items() if day not in result.failures}
    for why, group in _by_cause(ready, cause).items():
        for chunk in plan_chunks({day: row.events for day, row in group.items()}, CHUNK_EVENTS, CHUNK_DAYS):
            publish_chunk = partial(_publish_together, run, group, why, result)
            result.failures |= work_or_halve(chunk, publish_chunk, _DAY_FAULTS)
            report(f"Published {len(result.days)} of {len(ready)} days, through {chunk[-1]}.")
    result.days.sort()
    return result


def _refusal(day: date, row: LakeDay | None) -> str | None:
    """Why this day cannot be published; None where it can."""
    if row is None:
        return f"{day} was not sealed yet; run raw_events for it first."
    if row.pruned:
        return f"{day} was pruned: its raw events are gone, and its published numbers stay."
    if row.learner_version != row.version:
        return f"{day} has events that its learner days do not hold yet; run learner_days for it first."
    if row.learner_definition not in {None, LEARNER_DAY}:
        return f"{day} has learner days of another definition; run learner_days for it first."
    return None


def _by_cause(rows: dict[date, LakeDay], given: str | None) -> dict[str, dict[date, LakeDay]]:
    """The days apart by why their numbers may differ from those published before."""
    groups: dict[str, dict[date, LakeDay]] = {}
    for day, row in rows.items():
        groups.setdefault(given or _cause(row), {})[day] = row
    return groups


def _cause(row: LakeDay) -> str:
    """A changed definition comes first: it may move every number of the day, late events only some."""
    if row.published_definition not in {None, PUBLISHED_DAY}:
        return DEFINITION_CHANGE
    return RECOMPUTED if row.published_version == row.version else LATE_EVENTS


def _publish_together(
    run: PipelineRun, rows: Mapping[date, LakeDay], cause: str, result: DailyPublication, days: list[date]
) -> None:
    try:
        result.add(days, _publish(run, [rows[day] for day in days], cause))
    except CheckFailedError as error:
        if len(days) == 1:
            result.add_checks(error.results)
        raise


def _publish(run: PipelineRun, rows: Sequence[LakeDay], cause: str) -> Published:
    days = [row.day for row in rows]
    relations: dict[str, Relation] = {
        "events": event_files(run.lake, rows),
        "learner_days": learner_day_files(run.lake, rows),
        "site_days": site_days(days, run.settings.zone),
        "time_buckets": time_bucket_frame(),
        "duplicate_count": duplicate_count(run.connection, days),
        "quarantine_count": quarantine_count(run.connection, days),
    }
    with run.engine.scratch_folder("publish") as folder:
        new_rows = [NewRows(model.table, folder / f"{model.name}.csv") for model in DAILY]
        with run.models.reading(relations) as reading:
            for model, new in zip(DAILY, new_rows, strict=True):
                reading.write_csv(model.sql, {}, new.csv)
            measure_days(run.connection, reading)
        return publish(
            run.connection,
            turn=run.turn,
            scope=DayScope(days),
            new_rows=new_rows,
            checks=DAILY_CHECKS,
            cause=cause,
            after=lambda connection, _: _finish(connection, rows, run.run_id),
        )


def _finish(connection: Connection, rows: Sequence[LakeDay], run_id: str) -> None:
    refresh_days(connection, [row.day for row in rows], run_id)
    _set_published(connection, rows)


def _set_published(connection: Connection, rows: Sequence[LakeDay]) -> None:
    forget_failed_days(connection, [row.day for row in rows])
    with connection.cursor() as cursor:
        cursor.executemany(_SET_PUBLISHED, [(PUBLISHED_DAY, row.day, row.version) for row in rows])
        if cursor.rowcount != len(rows):
            raise CatalogueChangedError(
                f"The catalogue changed while {rows[0].day} to {rows[-1].day} were being published; nothing"
                " was published, run these days again."
            )
