"""The sensor that keeps the audit log of runs up to date."""

import dagster as dg

from resources import DatabaseResource
from sensors.recording import record_runs

EVERY_SECONDS = 30


@dg.sensor(
    name="run_log",
    minimum_interval_seconds=EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Copies what Dagster knows of runs and skipped nights to analytics.job_run, which the dashboard, the "
        "API and /metrics read. It starts no run; when a tick fails, the next one makes up for it."
    ),
)
def run_log(context: dg.SensorEvaluationContext, database: DatabaseResource) -> dg.SkipReason:
    """Bring the log up to date."""
    with database.connect("run log") as connection:
        written = record_runs(context.instance, connection)
    return dg.SkipReason(f"{written} runs were recorded anew")
