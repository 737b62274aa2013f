"""Builds learner days: what each learner did on a day, from the day's events, in one file a day."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import duckdb

from analytics_pipeline.engine import Apart, ModelFailedError, Relation
from analytics_pipeline.lake.catalogue import LakeDay, lake_days, set_learner_days
from analytics_pipeline.lake.event_files import are_apart
from analytics_pipeline.lake.plan import plan_chunks, work_or_halve
from analytics_pipeline.lake.schema import APART, Kind
from analytics_pipeline.metrics.fingerprint import fingerprint
from analytics_pipeline.metrics.models import LEARNER_DAYS
from analytics_pipeline.metrics.relations import event_files, site_days
from analytics_pipeline.run import PipelineRun

CHUNK_EVENTS = 1_000_000
CHUNK_DAYS = 200


@dataclass
class LearnerDaysResult:
    """What became of each day: learner days built, files that held already, or what was wrong."""

    built: dict[date, int] = field(default_factory=dict)
    current: list[date] = field(default_factory=list)
    failures: dict[date, str] = field(default_factory=dict)


def build_learner_days(
    run: PipelineRun, days: Iterable[date], report: Callable[[str], None], sql: str = LEARNER_DAYS
) -> LearnerDaysResult:
    """Build the learner days of those of `days` whose events or SQL have changed since; idempotent.

    A day that fails stops no other. A day that was not sealed yet, or was pruned, is refused. Raises what
    concerns no single day, such as a lost turn.
    """
    result = LearnerDaysResult()
    wanted = sorted(set(days))
    made_by = fingerprint(sql)
    rows = lake_days(run.connection, wanted)
    for day in wanted:
        if day not in rows:
            result.failures[day] = f"{day} was not sealed yet; run raw_events for it first."
        elif rows[day].pruned:
            result.failures[day] = f"{day} was pruned: its raw events are gone, and its learner days stay."
        elif rows[day].learner_version == rows[day].version and rows[day].learner_definition in {
            None,
            made_by,
        }:
            result.current.append(day)
    behind = [row for day, row in rows.items() if day not in result.failures and day not in result.current]
    build = partial(_build_together, run, rows, sql, result)
    for chunk in plan_chunks({row.day: row.events for row in behind}, CHUNK_EVENTS, CHUNK_DAYS):
        result.failures |= work_or_halve(chunk, build, (duckdb.Error, ModelFailedError))
        report(f"Built learner days of {len(result.built)} of {len(behind)} days, through {chunk[-1]}.")
    return result


def _build_together(
    run: PipelineRun, rows: dict[date, LakeDay], sql: str, result: LearnerDaysResult, days: list[date]
) -> None:
    chunk = [rows[day] for day in days]
    full = [row for row in chunk if row.files]
    written = _write(run, full, sql) if full else {}
    run.lake.persist([name for _, names in written.values() for name in names])
    with run.connection.transaction():
        run.turn.check(run.connection)
        names = {day: names for day, (_, names) in written.items()}
        set_learner_days(run.connection, [(row, names.get(row.day, [])) for row in chunk], fingerprint(sql))
    result.built.update((day, written[day][0] if day in written else 0) for day in days)


def _write(run: PipelineRun, rows: Sequence[LakeDay], sql: str) -> dict[date, tuple[int, list[str]]]:
    """New files for each of these days: how many rows they hold, and their names."""
    days = [row.day for row in rows]
    relations: dict[str, Relation] = {
        "events": event_files(run.lake, rows),
        "site_days": site_days(days, run.settings.zone),
    }
    files_are_apart = len(rows) == 1 and are_apart(rows[0].files)
    names = {row.day: run.lake.new_name(Kind.LEARNER_DAYS, row.day, row.version) for row in rows}
    paths = {day: run.lake.place(name) for day, name in names.items()}
    written = run.models.write_days(sql, relations, paths, Apart("events", APART, files_are_apart))
    return {
        day: (files.rows, [run.lake.name_of(path) for path in files.paths]) for day, files in written.items()
    }
