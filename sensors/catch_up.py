"""The sensor that finds every due day that the nights have missed, and days with late events."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from analytics_pipeline.days import contiguous_ranges, day_of
from analytics_pipeline.lake.catalogue import due_days
from analytics_pipeline.settings import Settings
from resources import DatabaseResource
from sensors.attempts import Attempt, may_be_asked, recent_attempts
from sensors.in_flight import in_flight, locked_by
from sensors.jobs import LONGEST_RANGE, NIGHTLY, range_tags

EVERY = timedelta(minutes=15)
NIGHTS_OWN = timedelta(hours=3)
"""Until three o'clock, yesterday is left to the night, which begins at two."""


def catch_up_sensor(settings: Settings) -> dg.SensorDefinition:
    """Level-triggered: it looks at what is due, so nothing that happened while it slept is lost on it."""

    @dg.sensor(
        name="catch_up",
        job_name=NIGHTLY,
        minimum_interval_seconds=int(EVERY.total_seconds()),
        default_status=(
            dg.DefaultSensorStatus.STOPPED if settings.schedule == "off" else dg.DefaultSensorStatus.RUNNING
        ),
        description=(
            "Asks for due days after a downtime, a crash or late events (these at most once an hour), oldest "
            "first, in runs of at most 31 days, and for nothing while a run is in flight. What was lost with "
            "its worker or its connection is tried again three times, with growing pauses; a day that failed "
            "by itself is left to the next night."
        ),
    )
    def catch_up(
        context: dg.SensorEvaluationContext, database: DatabaseResource
    ) -> list[dg.RunRequest] | dg.SkipReason:
        now = datetime.now(UTC)
        with database.connect("catch up") as connection:
            due = due_days(connection, day_of(now - NIGHTS_OWN, settings.zone))
        before = in_flight(context.instance)
        attempts = recent_attempts(context.instance, now) if due and before is None else []
        return decide(before, due, attempts, now)

    return catch_up


def decide(
    before: dg.DagsterRun | None, due: Sequence[date], attempts: Sequence[Attempt], now: datetime
) -> list[dg.RunRequest] | dg.SkipReason:
    """One run per contiguous range of the due days that may be asked for, or why there is none."""
    if not due:
        return dg.SkipReason("nothing is due")
    if before is not None:
        return locked_by(before)
    ready = [day for day in due if may_be_asked(day, attempts, now)]
    if not ready:
        return dg.SkipReason(f"{len(due)} days are due, and all of them wait after their last run")
    # Without a key: one would keep a range from ever being asked for again.
    return [dg.RunRequest(tags=range_tags(days)) for days in contiguous_ranges(ready, LONGEST_RANGE)]
