"""Keeps the audit log level with Dagster's records. It reads what is, so a call that was missed is made up
for by the next one; and whoever calls it goes on when it fails."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import dagster as dg
from psycopg import Connection

from analytics_pipeline.audit.job_run import JobRun
from analytics_pipeline.audit.store import (
    end_unknown,
    known_changes,
    newest_change,
    runs_in_flight,
    upsert,
)
from resources import DatabaseResource
from sensors.run_entries import Events, run_entry, tick_entry
from sensors.run_events import failures_of, materializations_of

OVERLAP = timedelta(minutes=10)
"""Processes stamp their changes with their own clocks, and commit them a moment later."""

TICKS_OF = timedelta(days=7)
"""Ticks carry the instant they were scheduled for, which may lie before a downtime."""

PAGE = 100
PATIENCE = "SELECT set_config('lock_timeout', '5s', false), set_config('statement_timeout', '10s', false)"
GONE = "Dagster has no record of this run any more."


def record_runs(instance: dg.DagsterInstance, connection: Connection) -> int:
    """Bring the log up to date and return how many entries were read anew; idempotent.

    The connection is in autocommit mode; each page of entries is one commit, oldest change first, so that a
    call that was broken off is continued by the next one.
    """
    newest = newest_change(connection)
    since = None if newest is None else newest - OVERLAP
    written = 0
    for page in _pages(instance, since):
        known = known_changes(connection, [record.dagster_run.run_id for record in page])
        moved = [each for each in page if known.get(each.dagster_run.run_id) != each.update_timestamp]
        upsert(connection, [run_entry(record, _events(instance, record)) for record in moved])
        written += len(moved)
    upsert(connection, _skipped(instance, newest))
    _end_unknown(instance, connection)
    return written


def record_if_possible(instance: dg.DagsterInstance, say: Callable[[str], object]) -> None:
    """The same for who has a run to end: whatever goes wrong is said in one sentence and raises nothing."""
    try:
        with DatabaseResource().connect("run log") as connection:
            connection.execute(PATIENCE)
            record_runs(instance, connection)
    except Exception as error:  # the run is over, and its log must not change how it ended
        say(f"The run is not in the log of runs yet ({type(error).__name__}); the sensor run_log adds it.")


def _pages(instance: dg.DagsterInstance, since: datetime | None) -> Iterator[list[dg.RunRecord]]:
    """Records that changed after `since`, oldest change first; the last ones of a page may come again."""
    while True:
        page = instance.get_run_records(
            dg.RunsFilter(updated_after=since), limit=PAGE, order_by="update_timestamp", ascending=True
        )
        if page:
            yield list(page)
        if len(page) < PAGE:
            return
        since = page[-1].update_timestamp - timedelta(microseconds=1)


def _events(instance: dg.DagsterInstance, record: dg.RunRecord) -> Events:
    """The events of a run that is over; while it is in flight, none."""
    run = record.dagster_run
    if not run.is_finished:
        return Events()
    failures = [] if run.is_success else failures_of(instance, run.run_id)
    return Events(failures, materializations_of(instance, run.run_id))


def _skipped(instance: dg.DagsterInstance, newest: datetime | None) -> Iterator[JobRun]:
    """Entries of the schedules' ticks of late that led to no run."""
    after = None if newest is None else (newest - TICKS_OF).timestamp()
    for state in instance.all_instigator_state():
        if state.instigator_type.value != "SCHEDULE":
            continue
        for tick in instance.get_ticks(state.instigator_origin_id, state.selector_id, after=after):
            if (entry := tick_entry(state.instigator_name, tick)) is not None:
                yield entry


def _end_unknown(instance: dg.DagsterInstance, connection: Connection) -> None:
    """A run whose record was deleted must not stay in flight for ever."""
    in_flight = runs_in_flight(connection)
    if in_flight:
        known = {run.run_id for run in instance.get_runs(dg.RunsFilter(run_ids=in_flight))}
        end_unknown(connection, set(in_flight) - known, GONE)
