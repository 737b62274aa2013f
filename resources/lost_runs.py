"""Ends, in Dagster's records, the runs that died without a word."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import dagster as dg
from psycopg import Connection

GRACE_SECONDS = 20.0
"""Longer than a run needs from its start to its first session, and from its last one to its last event."""

START_SECONDS = 300.0
"""Longer than any run needs from its record to its start or to the queue."""

_SESSIONS = """
    SELECT application_name FROM pg_stat_activity
     WHERE datname = current_database() AND application_name <> ''
"""
_WORKING = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def end_lost_runs(
    instance: dg.DagsterInstance,
    connection: Connection,
    run_id: str,
    say: Callable[[str], None],
    grace_seconds: float,
) -> list[str]:
    """Report as ended every other run that is under way and has no session in the database; their ids.

    A run that was being cancelled is reported as cancelled, since nobody wants it back: its process may never
    have started, as in a pod that still waits for its image. Any other is reported as failed; so is one that
    was recorded and never began, since nothing is asked for by itself while it stands as in flight. Slots of
    pools are freed that runs hold which are over, reported now or before.

    A killed worker leaves its run STARTED, its slot of the pool claimed and the queue blocked until the
    maximum run time is over. Its sessions, whose names carry the run's id, end with it. To be called by the
    run that holds the turn; it waits the grace time only where there is a run to suspect.
    """
    end_of_grace = time.monotonic() + grace_seconds
    while suspects := _runs_without_session(instance, connection, run_id):
        if time.monotonic() > end_of_grace:
            break
        time.sleep(0.5)
    for run in suspects:
        if run.status is dg.DagsterRunStatus.CANCELING:
            say(f"The run {run.run_id} was being cancelled and is gone; it is recorded as cancelled.")
            instance.report_run_canceled(run, "The process of this run is gone, or was never started.")
            continue
        say(f"The run {run.run_id} died without a word; it is recorded as failed.")
        instance.report_run_failed(run, "The process of this run ended without a word, or lost its database.")
    _free_slots_of_ended_runs(instance)
    return [run.run_id for run in suspects]


def _runs_without_session(
    instance: dg.DagsterInstance, connection: Connection, run_id: str
) -> list[dg.DagsterRun]:
    never_began = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.NOT_STARTED],
        created_before=datetime.now(UTC) - timedelta(seconds=START_SECONDS),
    )
    filters = (dg.RunsFilter(statuses=_WORKING), never_began)
    working = [run for each in filters for run in instance.get_runs(each) if run.run_id != run_id]
    if not working:
        return []
    names = " ".join(name for (name,) in connection.execute(_SESSIONS))
    return [run for run in working if run.run_id not in names and not _only_reads(run)]


def _free_slots_of_ended_runs(instance: dg.DagsterInstance) -> None:
    """Free what runs that are over still hold of the pools.

    Dagster's daemon does so a minute after a run that it gave up; where no daemon runs, a run that hangs and
    was declared failed would keep every later one from its first step.
    """
    storage = instance.event_log_storage
    pools = [storage.get_concurrency_info(key) for key in storage.get_concurrency_keys()]
    for run_id in {run_id for pool in pools for run_id in pool.active_run_ids}:
        if has_ended(instance, run_id):
            storage.free_concurrency_slots_for_run(run_id)


def _only_reads(run: dg.DagsterRun) -> bool:
    """Whether the run consists of checks alone: those hold neither turn nor session for long."""
    return run.asset_selection == frozenset() and bool(run.asset_check_selection)


def has_ended(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether Dagster says that the run is over; one that Dagster does not know is not ours to judge."""
    run = instance.get_run_by_id(run_id)
    return run is not None and run.is_finished
