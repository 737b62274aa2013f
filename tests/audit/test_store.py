"""The audit log: one entry a run, whoever writes it and however often."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from analytics_pipeline.audit.job_run import JobRun, RunStatus, Trigger
from analytics_pipeline.audit.store import end_unknown, newest_change, runs_in_flight, upsert
from tests.conftest import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
STARTED = JobRun(
    run_id="run-1",
    job="nightly",
    status=RunStatus.STARTED,
    trigger=Trigger.SCHEDULE,
    partition="2026-02-28",
    queued_at=NOON,
    started_at=NOON + timedelta(seconds=1),
    ended_at=None,
    error=None,
    counts={},
    updated_at=NOON + timedelta(seconds=1),
)
ENDED = replace(
    STARTED,
    status=RunStatus.SUCCESS,
    ended_at=NOON + timedelta(seconds=3.25),
    counts={"days": 1},
    updated_at=NOON + timedelta(seconds=4),
)


def _statuses(database: Database) -> list[tuple[str, str, int | None]]:
    with database.connect("admin") as connection:
        return connection.execute(
            "SELECT run_id, status, duration_ms FROM analytics.job_run ORDER BY run_id"
        ).fetchall()


def test_a_run_whose_status_changes_is_updated_and_what_is_older_changes_nothing(database: Database) -> None:
    with database.connect("pipeline") as connection:
        for entry in (STARTED, STARTED, ENDED, STARTED):
            upsert(connection, [entry])
        assert newest_change(connection) == ENDED.updated_at
        assert runs_in_flight(connection) == []
    assert _statuses(database) == [("run-1", "SUCCESS", 2250)]


def test_a_run_of_which_dagster_knows_nothing_any_more_does_not_stay_in_flight(database: Database) -> None:
    with database.connect("pipeline") as connection:
        upsert(connection, [STARTED, replace(ENDED, run_id="run-2")])
        end_unknown(connection, ["run-1", "run-2"], "gone")
    assert [status for _, status, _ in _statuses(database)] == ["FAILED", "SUCCESS"]


def test_the_database_knows_every_word_of_the_vocabulary_and_no_other(database: Database) -> None:
    with database.connect("pipeline") as connection:
        upsert(connection, [replace(STARTED, run_id=word, status=word) for word in RunStatus])
        upsert(connection, [replace(STARTED, run_id=word, trigger=word) for word in Trigger])
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("UPDATE analytics.job_run SET status = 'DONE'")
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("UPDATE analytics.job_run SET trigger = 'cron'")
    assert len(_statuses(database)) == len(RunStatus) + len(Trigger)
