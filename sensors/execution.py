"""Executing the nightly job in this process, against the instance that also keeps the other runs."""

import sys
from dataclasses import dataclass
from datetime import datetime

import dagster as dg

from analytics_pipeline.days import DayRange, day_of
from analytics_pipeline.settings import Settings
from resources import NO_WAIT_TAG, SKIPPED_TAG, keep_connections
from sensors.jobs import CODE_LOCATION, NIGHTLY, range_tags
from sensors.progress import PROGRESS
from sensors.recording import record_if_possible
from sensors.run_errors import run_error


class NoSuchDayError(Exception):
    """A day of the range is no day of the site; the message says which, and what to do."""


@dataclass(frozen=True)
class Outcome:
    """How a launch ended."""

    success: bool
    duration_ms: int
    run_id: str
    partitions: str
    error: str | None = None
    skipped: str | None = None


def check_days(days: DayRange, settings: Settings, now: datetime) -> None:
    """Raise NoSuchDayError unless every day lies between the first day of the site and today."""
    today = day_of(now, settings.zone)
    if days.first < settings.first_day:
        raise NoSuchDayError(
            f"{days.first} lies before the first day, {settings.first_day}: start there, or set "
            "ANALYTICS_FIRST_DAY back."
        )
    if days.last > today:
        raise NoSuchDayError(f"{days.last} has not begun in {settings.timezone}: end at {today}.")


def execute(days: DayRange, *, wait: bool) -> Outcome:
    """Run the nightly job for these days in this process; it shows in the UI as any other run.

    Waits for the turn, and says for whom; without `wait` it gives up when another run holds it.
    """
    tags = {**range_tags(days), "dagster/code_location": CODE_LOCATION}
    if not wait:
        tags[NO_WAIT_TAG] = "true"
    with dg.DagsterInstance.get() as instance:
        keep_connections(instance)
        result = dg.execute_job(
            dg.reconstructable(nightly),
            instance=instance,
            run_config={"loggers": {PROGRESS: {}}},
            tags=tags,
        )
        record_if_possible(instance, lambda reason: sys.stderr.write(f"{reason}\n"))
        return _outcome(instance, result, days)


def nightly() -> dg.JobDefinition:
    """The nightly job of this site's definitions."""
    # Here, since the definitions are made of this package.
    from analytics_pipeline.definitions import defs  # noqa: PLC0415

    return defs.resolve_job_def(NIGHTLY)


def _outcome(instance: dg.DagsterInstance, result: dg.JobExecutionResult, days: DayRange) -> Outcome:
    record = instance.get_run_record_by_id(result.run_id)
    if record is None or record.start_time is None or record.end_time is None:
        raise RuntimeError(f"Dagster has lost the record of the run {result.run_id}.")
    return Outcome(
        success=result.success,
        duration_ms=round((record.end_time - record.start_time) * 1000),
        run_id=result.run_id,
        partitions=str(days),
        error=None if result.success else run_error(result.all_events),
        skipped=record.dagster_run.tags.get(SKIPPED_TAG),
    )
