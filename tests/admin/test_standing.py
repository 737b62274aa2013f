"""Whether the pipeline works, told in one sentence and in what is running, waiting and last succeeded."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from analytics_pipeline.admin.dashboard.standing import read_standing
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.database import tables
from tests.admin.rows import A_RUN, publish
from tests.conftest import Database
from tests.inbox import put_batch

NIGHT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
Look = Callable[..., View]


def a_run(name: str, status: str, hours: int, error: str | None = None) -> dict[str, Any]:
    """A row of `job_run` that was asked for so many hours after the night, and ended a minute later."""
    queued_at = NIGHT + hours * HOUR
    ended = queued_at + timedelta(minutes=1) if status in {"SUCCESS", "FAILED"} else None
    times = {"queued_at": queued_at, "ended_at": ended, "updated_at": queued_at}
    return A_RUN | {"run_id": name, "status": status, "error": error, **times}


@pytest.mark.parametrize(
    ("runs", "told"),
    [
        ([], ("unknown", "Nothing has run yet.")),
        ([("SKIPPED", 0)], ("unknown", "Nothing has run yet.")),
        ([("STARTED", 0)], ("unknown", "Nothing has run yet.")),
        ([("SUCCESS", 4)], ("good", "Working: the last run succeeded, 1 Apr 2026, 07:01.")),
        ([("SUCCESS", 3)], ("late", "No run has succeeded since 1 Apr 2026, 06:01.")),
        ([("FAILED", 5), ("SUCCESS", 6)], ("good", "Working: the last run succeeded, 1 Apr 2026, 09:01.")),
        ([("SUCCESS", 5), ("FAILED", 6)], ("failed", "The last run failed: 1 Apr 2026, 09:01.")),
        ([("FAILED", 5), ("SKIPPED", 6)], ("failed", "The last run failed: 1 Apr 2026, 08:01.")),
        ([("FAILED", 5), ("QUEUED", 6)], ("failed", "The last run failed: 1 Apr 2026, 08:01.")),
    ],
)
def test_the_headline_is_that_of_the_last_run_that_ended(
    look: Look, pipeline: psycopg.Connection, runs: list[tuple[str, int]], told: tuple[str, str]
) -> None:
    """It is 30 hours after the night, and a success may be 26 hours old."""
    publish(pipeline, tables.job_run, *(a_run(f"{status}-{at}", status, at) for status, at in runs))
    standing = read_standing(look(), NIGHT + timedelta(hours=30, minutes=1))
    assert (standing.level, standing.headline) == told


def test_instants_are_told_on_the_clocks_of_the_site(look: Look, pipeline: psycopg.Connection) -> None:
    publish(pipeline, tables.job_run, a_run("night", "SUCCESS", 0))
    standing = read_standing(look(timezone="America/New_York"), NIGHT + HOUR)
    assert standing.headline == "Working: the last run succeeded, 31 Mar 2026, 23:01."


def test_what_runs_and_waits_is_told_oldest_first_beside_the_last_success_and_failure(
    look: Look, pipeline: psycopg.Connection
) -> None:
    publish(
        pipeline,
        tables.job_run,
        a_run("older success", "SUCCESS", 0),
        a_run("success", "SUCCESS", 1),
        a_run("failure", "FAILED", 2, "algebra: 2 of 30 events are missing."),
        a_run("first running", "STARTED", 3),
        a_run("second running", "STARTED", 4),
        a_run("first queued", "QUEUED", 5),
        a_run("second queued", "QUEUED", 6),
    )
    standing = read_standing(look(), NIGHT + 7 * HOUR)
    assert [run.run_id for run in standing.running] == ["first running", "second running"]
    assert [run.run_id for run in standing.queued] == ["first queued", "second queued"]
    assert standing.succeeded is not None
    assert standing.succeeded.run_id == "success"
    assert standing.failed is not None
    assert standing.failed.error == "algebra: 2 of 30 events are missing."
    assert (standing.waiting_events, standing.waiting_since) == (0, None)


def test_events_that_wait_are_counted_over_all_days_since_the_oldest(look: Look, database: Database) -> None:
    first, second = date(2026, 3, 30), date(2026, 3, 31)
    batches = [(first, NIGHT + HOUR, 3), (second, NIGHT, 4), (second, NIGHT + 2 * HOUR, 5)]
    with database.connect("ingest") as ingest:
        for batch in batches:
            put_batch(ingest, *batch, b"{}")
    standing = read_standing(look(), NIGHT + 3 * HOUR)
    assert standing.waiting_events == 12
    assert standing.waiting_since == NIGHT
