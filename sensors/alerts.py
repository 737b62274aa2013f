"""The sensor that tells people of runs that failed and nights that were skipped."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from analytics_pipeline.alerting import message_of, send
from analytics_pipeline.audit.job_run import JobRun
from analytics_pipeline.audit.store import went_wrong
from analytics_pipeline.settings import Settings
from resources import DatabaseResource

EVERY_SECONDS = 60
MEMORY = timedelta(days=1)
"""For so long a message that nobody took is sent again; older news is none."""


def alerts_sensor(settings: Settings) -> dg.SensorDefinition:
    """Reads the audit log, so that launches from the command line are told of as well."""

    @dg.sensor(
        name="alerts",
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=(
            dg.DefaultSensorStatus.STOPPED if settings.alert_urls is None else dg.DefaultSensorStatus.RUNNING
        ),
        description=(
            "Sends one message for each run that failed and each night that was skipped to the addresses of "
            "ANALYTICS_ALERT_URLS. What went wrong before its first tick is not told of."
        ),
    )
    def alerts(context: dg.SensorEvaluationContext, database: DatabaseResource) -> dg.SkipReason:
        with database.connect("alerts") as connection:
            wrong = went_wrong(connection, datetime.now(UTC) - MEMORY)
        fresh = news(wrong, context.cursor)
        told = {run.run_id for run in fresh if send(message_of(run, settings), settings, context.log.warning)}
        failed = {run.run_id for run in fresh} - told
        context.update_cursor(json.dumps([run.run_id for run in wrong if run.run_id not in failed]))
        return dg.SkipReason(f"told of {len(told)} runs, could not tell of {len(failed)}")

    return alerts


def news(wrong: Sequence[JobRun], cursor: str | None) -> list[JobRun]:
    """Those that the cursor, a list of run ids, does not hold; none before there is a cursor."""
    if cursor is None:
        return []
    known = set(json.loads(cursor))
    return [run for run in wrong if run.run_id not in known]
