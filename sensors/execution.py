"""Executing the nightly job in this process, against the instance that also keeps the other runs."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import dagster as dg

from analytics_pipeline.days import DayRange, day_of
from analytics_pipeline.settings import Settings
from resources import NO_WAIT_TAG, SKIPPED_TAG
from sensors.jobs import CODE_LOCATION, NIGHTLY, range_tags
from sensors.progress import PROGRESS

if TYPE_CHECKING:
    # Not exported by Dagster, although its events carry it.
    from dagster_shared.error import SerializableErrorInfo


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
        _keep_connections(instance)
        result = dg.execute_job(
            dg.reconstructable(nightly),
            instance=instance,
            run_config={"loggers": {PROGRESS: {}}},
            tags=tags,
        )
        return _outcome(instance, result, days)


def nightly() -> dg.JobDefinition:
    """The nightly job of this site's definitions."""
    # Here, since the definitions are made of this package.
    from analytics_pipeline.definitions import defs  # noqa: PLC0415

    return defs.resolve_job_def(NIGHTLY)


def _keep_connections(instance: dg.DagsterInstance) -> None:
    """Let this process keep its connections to Dagster's database, as the webserver does.

    One connection for each event, with its handshake, is most of what a range of a thousand days costs.
    """
    instance.optimize_for_webserver(statement_timeout=60_000, pool_recycle=300, max_overflow=20)


def _outcome(instance: dg.DagsterInstance, result: dg.JobExecutionResult, days: DayRange) -> Outcome:
    record = instance.get_run_record_by_id(result.run_id)
    if record is None or record.start_time is None or record.end_time is None:
        raise RuntimeError(f"Dagster has lost the record of the run {result.run_id}.")
    return Outcome(
        success=result.success,
        duration_ms=round((record.end_time - record.start_time) * 1000),
        run_id=result.run_id,
        partitions=str(days),
        error=None if result.success else _error(result),
        skipped=record.dagster_run.tags.get(SKIPPED_TAG),
    )


def _error(result: dg.JobExecutionResult) -> str:
    """What the failed steps say, or what ended the run outside of any step."""
    failed = [event for event in result.all_events if event.is_step_failure]
    if failed:
        return "\n".join(f"{event.step_key}: {_step_error(event)}" for event in failed)
    errors = [event.job_failure_data.error for event in result.all_events if event.is_job_failure]
    return next((_root(error) for error in errors if error is not None), "the run was ended from outside")


def _step_error(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return str(data.user_failure_data.description)
    return "no reason is known" if data.error is None else _root(data.error)


def _root(error: "SerializableErrorInfo") -> str:
    """The innermost error, which is ours; Dagster wraps it in errors of its own."""
    while error.cause is not None:
        error = error.cause
    name, _, sentence = error.message.strip().partition(": ")
    return sentence if name.startswith("analytics_pipeline.") else error.message.strip()
