"""Rows that are kept for a while: quarantine, whose counts stay, and changes of published numbers."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from analytics_pipeline.metrics.publication import publish_daily
from analytics_pipeline.retention import records
from analytics_pipeline.retention.prune import preview_pruning, prune
from analytics_pipeline.run import PipelineRun
from tests.conftest import Database
from tests.inbox import deliver
from tests.metrics.nights import night, published
from tests.metrics.oracle import Wire
from tests.pipeline_runs import a_run

DAY = date(2024, 3, 1)
NOW = datetime(2024, 6, 1, 2, tzinfo=UTC)
SETTINGS: dict[str, Any] = {"quarantine_days": 30, "revision_days": 60}

REJECTED = """
    INSERT INTO ingest.quarantine (id, received_at, day, course_id, event_type, reason, body)
    VALUES (%s, %s, %s, 'c1', %s, %s, '{}')
"""
REVISED = """
    INSERT INTO analytics.metric_revision (table_name, key, metric, cause, changed_at, run_id)
    SELECT 'course_daily', '{}', 'views', 'late events', %s, 'a-run' FROM generate_series(1, %s)
"""


@pytest.fixture
def run(database: Database, tmp_path: Path) -> Iterator[PipelineRun]:
    with a_run(database, tmp_path, **SETTINGS) as run:
        yield run


def reject(connection: psycopg.Connection, days_ago: int, number: int, kind: str, reason: str) -> None:
    received = NOW - timedelta(days=days_ago)
    connection.execute(REJECTED, [f"{kind}-{days_ago}-{number}", received, DAY, kind, reason])


def test_what_left_the_quarantine_is_counted_on(
    database: Database, run: PipelineRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "ROWS_AT_ONCE", 3)
    viewed: Wire = {
        "id": "e1", "eventType": "course_view", "userId": "u1", "courseId": "c1", "lessonIdx": None,
        "metadata": {}, "createdAt": f"{DAY}T10:00:00+00:00",
    }  # fmt: skip
    with database.connect("ingest") as ingest:
        deliver(ingest, [viewed], run.settings)
        for number in range(5):
            reject(ingest, 40, number, "course_view", "conflict")
            reject(ingest, 31, number, "of_old_times", "unknown_type: of_old_times")
            reject(ingest, 29, number, "course_view", "invalid: no")
    night(run, [DAY], DAY)
    before = published(database, "event_day")
    assert sum(row["conflicts"] + row["rejected"] for row in before) == 15

    assert prune(run, lambda _: None, NOW).quarantined == 10
    left = run.connection.execute("SELECT count(*), min(received_at) FROM ingest.quarantine").fetchone()
    assert left == (5, NOW - timedelta(days=29))
    publish_daily(run, [DAY], lambda _: None)
    assert sorted(map(str, published(database, "event_day"))) == sorted(map(str, before))
    assert prune(run, lambda _: None, NOW + timedelta(days=9)).quarantined == 5
    publish_daily(run, [DAY], lambda _: None)
    assert sorted(map(str, published(database, "event_day"))) == sorted(map(str, before))


def test_old_changes_of_numbers_go_and_young_ones_stay(run: PipelineRun) -> None:
    run.connection.execute(REVISED, [NOW - timedelta(days=61), 7])
    run.connection.execute(REVISED, [NOW - timedelta(days=59), 4])
    assert prune(run, lambda _: None, NOW).revisions == 7
    left = run.connection.execute("SELECT count(*) FROM analytics.metric_revision").fetchone()
    assert left == (4,)


def test_without_settings_nothing_goes(database: Database, tmp_path: Path) -> None:
    with database.connect("ingest") as ingest:
        reject(ingest, 4000, 1, "course_view", "conflict")
    with a_run(database, tmp_path) as run:
        run.connection.execute(REVISED, [NOW - timedelta(days=4000), 1])
        pruning = prune(run, lambda _: None, NOW)
    assert (pruning.quarantined, pruning.revisions, pruning.plan.raw) == (0, 0, [])


def test_a_preview_says_what_would_go_and_changes_nothing(database: Database, run: PipelineRun) -> None:
    with database.connect("ingest") as ingest:
        reject(ingest, 40, 1, "course_view", "conflict")
    run.connection.execute(REVISED, [NOW - timedelta(days=61), 2])
    for _ in range(2):
        preview = preview_pruning(run.connection, run.settings)
        assert (preview.quarantined, preview.revisions) == (1, 2)
        assert preview.sentences() == [
            "raw events: 0 days",
            "in them: 0 events, 0 bytes",
            "learner days: 0 days",
            "quarantine: 1 events; changes of numbers: 2",
        ]
