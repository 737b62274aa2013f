"""Pruning years at once takes a few commits, and no work on the days that are not due."""

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from analytics_pipeline.retention.prune import prune
from tests.conftest import Database
from tests.pipeline_runs import a_run

FIRST = date(2014, 1, 1)
DAYS = 4_000
MOST_SECONDS = 60

YEARS = """
    INSERT INTO analytics.lake_day
        (day, version, files, events, bytes, duplicates, learner_files, learner_version, published_version,
         reconciled_at)
    SELECT %s + n, 1, ARRAY['events/' || n || '.parquet'], 10, 1000, 0, '{}', 1, 1, now()
      FROM generate_series(0, %s) n
"""
COHORTS = """
    INSERT INTO analytics.cohort_publication (id, definition, published_at, run_id)
    VALUES (1, 'of today', now(), 'a-run')
"""
LEFT = """
    SELECT count(*) FILTER (WHERE pruned_at IS NOT NULL), count(*) FILTER (WHERE frozen_at IS NOT NULL),
           count(*) FILTER (WHERE files <> '{}')
      FROM analytics.lake_day
"""


def test_a_lake_of_eleven_years_is_pruned_at_once(database: Database, tmp_path: Path) -> None:
    now = datetime.combine(FIRST + timedelta(days=DAYS), datetime.min.time(), UTC) + timedelta(hours=2)
    with a_run(database, tmp_path, retention_days=365, first_day=FIRST) as run:
        run.connection.execute(YEARS, [FIRST, DAYS - 1])
        run.connection.execute(COHORTS)
        started = time.monotonic()
        pruning = prune(run, lambda _: None, now)
        assert time.monotonic() - started < MOST_SECONDS
        assert len(pruning.plan.raw) == DAYS - 365
        assert run.connection.execute(LEFT).fetchone() == (DAYS - 365, DAYS - 365, 365)
        again = prune(run, lambda _: None, now)
        assert (again.plan.raw, again.plan.learners) == ([], [])
