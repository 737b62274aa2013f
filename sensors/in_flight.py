"""Which run is queued or under way, and how a tick says that it leaves the field to it."""

from collections.abc import Mapping

import dagster as dg

IN_FLIGHT = (
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    # A run that is being cancelled still holds the turn.
    dg.DagsterRunStatus.CANCELING,
)


def in_flight(instance: dg.DagsterInstance, tags: Mapping[str, str] | None = None) -> dg.DagsterRun | None:
    """A run with these tags that is not over; without tags, whatever had asked for it."""
    asked = dg.RunsFilter(tags=tags, statuses=list(IN_FLIGHT))
    return next(iter(instance.get_runs(asked, limit=1)), None)


def locked_by(run: dg.DagsterRun) -> dg.SkipReason:
    """Why nothing is asked for while this run is in flight."""
    return dg.SkipReason(f"locked: run {run.run_id} in progress ({run.status.value})")
