"""Dagster's records of runs and ticks as entries of the audit log: plain values in, entries out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from analytics_pipeline.audit.job_run import JobRun, RunStatus, Trigger
from resources import SKIPPED_TAG
from sensors.jobs import NIGHTLY, days_asked
from sensors.run_errors import run_error

if TYPE_CHECKING:
    # Not exported by Dagster, although the instance gives them.
    from dagster._core.scheduler.instigation import InstigatorTick

PICKED_ASSETS = "assets"
"""The job of a run for which assets were picked by hand; Dagster's own name for it says nothing."""

_QUEUED = {dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.MANAGED}
_FAILED = {dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}
_TICKS = {"SKIPPED": RunStatus.SKIPPED, "FAILURE": RunStatus.FAILED}


@dataclass(frozen=True)
class Events:
    """What is read of a run's events: those that tell of a failure, and its materializations."""

    failures: Sequence[dg.DagsterEvent] = ()
    materializations: Sequence[dg.AssetMaterialization] = ()


def run_entry(record: dg.RunRecord, events: Events) -> JobRun:
    """The entry of a run."""
    run = record.dagster_run
    status = _status(run)
    reasons = {
        RunStatus.SKIPPED: lambda: run.tags[SKIPPED_TAG],
        RunStatus.FAILED: lambda: run_error(events.failures),
    }
    return JobRun(
        run_id=run.run_id,
        job=PICKED_ASSETS if run.job_name.startswith("__") else run.job_name,
        status=status,
        trigger=_trigger(run),
        partition=_partition(run.tags),
        queued_at=record.create_timestamp,
        started_at=_instant(record.start_time),
        ended_at=_instant(record.end_time),
        error=reasons[status]() if status in reasons else None,
        counts=_counts(events.materializations),
        updated_at=record.update_timestamp,
    )


def tick_entry(schedule: str, tick: InstigatorTick) -> JobRun | None:
    """The entry of a night that was skipped or could not be asked for; None for a tick that led to runs."""
    status = _TICKS.get(tick.status.value)
    if status is None:
        return None
    scheduled = datetime.fromtimestamp(tick.timestamp, UTC)
    return JobRun(
        run_id=f"{schedule} of {scheduled:%Y-%m-%dT%H:%M:%SZ}",
        job=NIGHTLY,
        status=status,
        trigger=Trigger.SCHEDULE,
        partition=None,
        queued_at=scheduled,
        started_at=None,
        ended_at=None,
        error=tick.skip_reason or (tick.error.message.strip() if tick.error else None),
        counts={},
        updated_at=_instant(tick.end_timestamp) or scheduled,
    )


def _status(run: dg.DagsterRun) -> RunStatus:
    if SKIPPED_TAG in run.tags and run.is_finished:
        return RunStatus.SKIPPED
    if run.status in _FAILED:
        return RunStatus.FAILED
    if run.status in _QUEUED:
        return RunStatus.QUEUED
    return RunStatus.SUCCESS if run.status is dg.DagsterRunStatus.SUCCESS else RunStatus.STARTED


def _trigger(run: dg.DagsterRun) -> Trigger:
    """What asked for the run; one without an origin was executed by the process that asked."""
    tags = run.tags
    if "dagster/backfill" in tags:
        return Trigger.BACKFILL
    if "dagster/schedule_name" in tags:
        return Trigger.SCHEDULE
    if "dagster/sensor_name" in tags:
        return Trigger.SENSOR
    return Trigger.CLI if run.remote_job_origin is None else Trigger.UI


def _partition(tags: Mapping[str, str]) -> str | None:
    days = days_asked(tags)
    return None if days is None else str(days)


def _counts(materializations: Sequence[dg.AssetMaterialization]) -> dict[str, int]:
    """Days published, events sealed, rows published, numbers that changed."""
    days, events, rows, revisions = set(), 0, 0, dict[str, int]()
    for each in materializations:
        number = _numbers(each)
        if each.asset_key == dg.AssetKey("event_day"):
            days.add(each.partition)
        events += number.get("new events", 0)
        rows += number.get("dagster/partition_row_count", 0) + number.get("dagster/row_count", 0)
        # One number for all days and tables that are published together.
        group = "daily" if each.partition else "cohorts"
        revisions[group] = max(revisions.get(group, 0), number.get("run revisions", 0))
    found = {"days": len(days), "events": events, "rows": rows, "revisions": sum(revisions.values())}
    return found if materializations else {}


def _numbers(materialization: dg.AssetMaterialization) -> dict[str, int]:
    values = {name: value.value for name, value in materialization.metadata.items()}
    return {name: value for name, value in values.items() if isinstance(value, int)}


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
