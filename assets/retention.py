"""The asset `retention`: what is let go of after its time."""

import time
from datetime import UTC, datetime, timedelta

import dagster as dg

from analytics_pipeline.retention.prune import prune
from assets.specs import LAKE, POOL
from resources import CurrentRun
from resources.old_runs import prune_runs


@dg.asset(group_name=LAKE, kinds={"parquet", "postgres"}, deps=["signal"], pool=POOL)
def retention(context: dg.AssetExecutionContext, current_run: CurrentRun) -> dg.MaterializeResult:
    """What is let go of after its time, last thing of every night.

    Raw days go after RETENTION_DAYS, oldest first and only when they are published as they were sealed;
    their published rows stay. Learner days go when every window of the metrics is over as well, and the
    cohorts of those days are frozen then. Rejected events, changes of published numbers and Dagster's own
    runs go after the days that are set for them; a run that the audit log does not hold stays.
    """
    run = current_run.pipeline
    started = time.monotonic()
    pruning = prune(run, context.log.info)
    runs = 0
    if run.settings.run_log_days is not None:
        before = datetime.now(UTC) - timedelta(days=run.settings.run_log_days)
        runs = prune_runs(context.instance, run.connection, before)
    return dg.MaterializeResult(
        metadata={
            "raw days": len(pruning.plan.raw),
            "raw events": pruning.plan.events,
            "raw bytes": pruning.plan.bytes,
            "learner days": len(pruning.plan.learners),
            "held back": pruning.plan.held_back or "nothing",
            "quarantined events": pruning.quarantined,
            "changes of numbers": pruning.revisions,
            "late events": pruning.late,
            "runs": runs,
            "run seconds": round(time.monotonic() - started, 2),
        }
    )
