"""The nightly schedule: every due day up to the day before, not only yesterday."""

from datetime import date, timedelta

import dagster as dg

from analytics_pipeline.days import DayRange, contiguous_ranges, day_of
from analytics_pipeline.lake.catalogue import due_days
from analytics_pipeline.settings import Settings
from resources import DatabaseResource
from sensors.in_flight import in_flight, locked_by
from sensors.jobs import LONGEST_RANGE, NIGHTLY, range_tags

HOURLY = "hourly"
SCHEDULE_NAME_TAG = "dagster/schedule_name"


def nightly_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """At 02:00 on the site's clocks: Dagster's partitioned schedules would not catch up after a downtime."""

    @dg.schedule(
        name=NIGHTLY,
        job_name=NIGHTLY,
        cron_schedule="0 2 * * *",
        execution_timezone=settings.timezone,
        default_status=(
            dg.DefaultScheduleStatus.STOPPED
            if settings.schedule == "off"
            else dg.DefaultScheduleStatus.RUNNING
        ),
        description=(
            "Asks for every due day before the scheduled one, in runs of at most 31 days without a gap. "
            "Skips, with the reason, when a night before is still in flight or nothing is due."
        ),
    )
    def nightly(
        context: dg.ScheduleEvaluationContext, database: DatabaseResource
    ) -> list[dg.RunRequest] | dg.SkipReason:
        today = day_of(context.scheduled_execution_time, settings.zone)
        with database.connect("schedule") as connection:
            due = due_days(connection, today)
        return decide_night(night_in_flight(context.instance), due)

    return nightly


def hourly_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Refreshes today, whose numbers are provisional until the night; never before another run."""

    @dg.schedule(
        name=HOURLY,
        job_name=NIGHTLY,
        cron_schedule="30 * * * *",
        execution_timezone=settings.timezone,
        default_status=(
            dg.DefaultScheduleStatus.RUNNING
            if settings.schedule == "hourly"
            else dg.DefaultScheduleStatus.STOPPED
        ),
        description=(
            "Asks for today, so that its provisional numbers are an hour old at most. Skips, with the "
            "reason, when any run is in flight or nothing has arrived since the last one."
        ),
    )
    def hourly(
        context: dg.ScheduleEvaluationContext, database: DatabaseResource
    ) -> dg.RunRequest | dg.SkipReason:
        today = day_of(context.scheduled_execution_time, settings.zone)
        with database.connect("schedule") as connection:
            due = due_days(connection, today + timedelta(days=1))
        return decide_hour(in_flight(context.instance), today, due)

    return hourly


def decide_hour(before: dg.DagsterRun | None, today: date, due: list[date]) -> dg.RunRequest | dg.SkipReason:
    """Today alone, whatever else is due, or why not; an hour that is skipped is made up for by the next."""
    if before is not None:
        return locked_by(before)
    if today not in due:
        return dg.SkipReason("nothing has arrived for today since it was published")
    return _request(DayRange(today, today))


def night_in_flight(instance: dg.DagsterInstance) -> dg.DagsterRun | None:
    """The run that an earlier night asked for and that is not over; launches by hand are none."""
    return in_flight(instance, {SCHEDULE_NAME_TAG: NIGHTLY})


def decide_night(before: dg.DagsterRun | None, due: list[date]) -> list[dg.RunRequest] | dg.SkipReason:
    """One run per contiguous range of due days, or why there is none.

    Behind any other run than a night's, the night queues.
    """
    if before is not None:
        return locked_by(before)
    if not due:
        return dg.SkipReason("nothing is due: every day up to yesterday is published as it was sealed")
    return [_request(days) for days in contiguous_ranges(due, LONGEST_RANGE)]


def _request(days: DayRange) -> dg.RunRequest:
    # Within a tick, requests without a key count as the same run; a key of a schedule holds for its tick.
    return dg.RunRequest(run_key=str(days), tags=range_tags(days))
