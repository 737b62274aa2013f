"""Lets go of days: raw events first, learner days when every window that they are needed for is over."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.resources import files

from psycopg import Connection

from analytics_pipeline.days import day_of
from analytics_pipeline.engine import ParquetFiles, quoted
from analytics_pipeline.lake.catalogue import CatalogueChangedError, LakeDay, as_of_day, days_not_frozen
from analytics_pipeline.lake.schema import LEARNER_DAYS, Kind
from analytics_pipeline.metrics.last_publication import forget_lookups
from analytics_pipeline.retention.plan import Plan, horizons, plan_pruning
from analytics_pipeline.run import PipelineRun
from analytics_pipeline.settings import Settings

DAYS_AT_ONCE = 400

FORGETS_ON = 7
"""When a Sunday is let go of, so are the files in which a night looks things up, as they tell of it.

Not with every day, since the night after reads and counts all that is kept.
"""

_UNSEALED = "SELECT DISTINCT day FROM ingest.inbox WHERE day < %s"
_COHORTS_BEHIND = """
    SELECT (SELECT max(reconciled_at) FROM analytics.lake_day)
           > coalesce((SELECT published_at FROM analytics.cohort_publication), '-infinity')
"""
_PRUNE = """
    UPDATE analytics.lake_day
       SET files = '{}', bytes = 0, pruned_at = now()
     WHERE day = ANY(%s) AND pruned_at IS NULL AND published_version = version AND learner_version = version
"""
_CARRIED = """
    SELECT learner_files FROM analytics.lake_day
     WHERE frozen_at IS NOT NULL AND learner_files <> '{}'
"""
_FREEZE = """
    UPDATE analytics.lake_day
       SET learner_files = CASE WHEN day = %(last)s THEN %(carried)s::text[] ELSE '{}' END,
           frozen_at = coalesce(frozen_at, now())
     WHERE (day = ANY(%(days)s) AND frozen_at IS NULL AND pruned_at IS NOT NULL)
        OR (frozen_at IS NOT NULL AND learner_files <> '{}')
"""


@dataclass(frozen=True)
class Let:
    """What was let go of."""

    raw_days: int = 0
    learner_days: int = 0


def plan_days(connection: Connection, settings: Settings, now: datetime | None = None) -> Plan:
    """What could be let go of now; empty where no retention is set."""
    today = day_of(now or datetime.now(UTC), settings.zone)
    kept_since = horizons(settings, today, as_of_day(connection, today))
    if kept_since is None:
        return Plan([], [], None)
    rows = days_not_frozen(connection, kept_since.raw_before)
    unsealed = {day for (day,) in connection.execute(_UNSEALED, [kept_since.raw_before])}
    plan = plan_pruning(rows, unsealed, kept_since)
    if plan.learners and _cohorts_are_behind(connection):
        return Plan(plan.raw, [], "the cohort tables do not hold the newest days yet: learner days are kept")
    return plan


def prune_days(run: PipelineRun, plan: Plan, report: Callable[[str], None]) -> Let:
    """Let go of what the plan names, some hundred days in one commit; idempotent.

    The catalogue stops naming files before they are removed: what a killed run leaves, the next night's
    collection removes. Raises TurnLostError, and CatalogueChangedError where a day has changed meanwhile.
    """
    for rows in _chunks(plan.raw):
        _prune(run, rows)
        report(f"Pruned the raw events of {len(rows)} days, through {rows[-1].day}.")
    for rows in _chunks(plan.learners):
        _freeze(run, rows)
        report(f"Let go of the learner days of {len(rows)} days, through {rows[-1].day}.")
    return Let(len(plan.raw), len(plan.learners))


def _chunks(rows: Sequence[LakeDay]) -> Iterator[Sequence[LakeDay]]:
    return (rows[at : at + DAYS_AT_ONCE] for at in range(0, len(rows), DAYS_AT_ONCE))


def _cohorts_are_behind(connection: Connection) -> bool:
    row = connection.execute(_COHORTS_BEHIND).fetchone()
    return row is not None and bool(row[0])


def _prune(run: PipelineRun, rows: Sequence[LakeDay]) -> None:
    with run.connection.transaction():
        run.turn.check(run.connection)
        changed = run.connection.execute(_PRUNE, [[row.day for row in rows]]).rowcount
        _all_changed(changed, len(rows))
    run.lake.remove([name for row in rows for name in row.files])


def _freeze(run: PipelineRun, rows: Sequence[LakeDay]) -> None:
    before = [name for (names,) in run.connection.execute(_CARRIED) for name in names]
    last = rows[-1]
    replaced = [*before, *(name for row in rows for name in row.learner_files)]
    carried: list[str] = []
    if replaced:
        carried = [run.lake.new_name(Kind.LEARNER_DAYS, last.day, last.version)]
        write_carried(run, replaced, carried[0])
        run.lake.persist(carried)
    with run.connection.transaction():
        run.turn.check(run.connection)
        days: list[date] = [row.day for row in rows]
        changed = run.connection.execute(_FREEZE, {"days": days, "last": last.day, "carried": carried})
        _all_changed(changed.rowcount, len(rows) + bool(before))
        if any(day.isoweekday() == FORGETS_ON for day in days):
            replaced += forget_lookups(run.connection)
    run.lake.remove(replaced)


def write_carried(run: PipelineRun, names: Sequence[str], target: str) -> None:
    """Write what is carried on of these learner-day files to a new file of the lake."""
    carry = files(__package__).joinpath("carry.sql").read_text(encoding="utf-8")
    relations = {"learner_days": ParquetFiles(run.lake.paths(names), LEARNER_DAYS)}
    # Of the very types of all other learner days: an engine takes the first file's for all of them.
    columns = ", ".join(
        f"CAST({quoted(name)} AS {kind}) AS {quoted(name)}" for name, kind in LEARNER_DAYS.items()
    )
    sql = f"SELECT {columns} FROM ({carry}\n)"  # noqa: S608  # constants of the schema
    run.engine.write_parquet(sql, relations, {}, run.lake.place(target))


def _all_changed(changed: int, wanted: int) -> None:
    if changed != wanted:
        raise CatalogueChangedError(
            f"{wanted - changed} days have changed while they were to be pruned; run it again."
        )
