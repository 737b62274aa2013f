"""The sensor that ends runs whose process is gone, also when nobody starts another one."""

import dagster as dg

from resources import DatabaseResource
from resources.lost_runs import GRACE_SECONDS, end_lost_runs


@dg.sensor(
    name="lost_runs",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Records runs as failed whose process is gone, or as cancelled where somebody had asked for that; it "
        "frees their slot of the queue within two minutes. If such a process lives after all, it has lost "
        "its turn and can write nothing more."
    ),
)
def lost_runs(context: dg.SensorEvaluationContext, database: DatabaseResource) -> dg.SkipReason:
    """Look for runs under way that have no session in the database."""
    with database.connect("lost runs") as connection:
        ended = end_lost_runs(context.instance, connection, "", context.log.warning, GRACE_SECONDS)
    return dg.SkipReason(f"ended {', '.join(ended)}" if ended else "every run under way has a session")
