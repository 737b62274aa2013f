"""A database with what a site publishes."""

from pathlib import Path
from typing import Any

from analytics_pipeline.days import DayRange
from analytics_pipeline.metrics.publication import publish_cohorts
from analytics_pipeline.signals import evaluate
from tests.conftest import Database
from tests.inbox import deliver
from tests.metrics.nights import through
from tests.metrics.oracle import Wire
from tests.pipeline_runs import a_run


def publish(database: Database, folder: Path, wire: list[Wire], **settings: Any) -> None:
    """Publish every number and signal of this stream."""
    with a_run(database, folder, **settings) as run:
        with database.connect("ingest") as ingest:
            days = deliver(ingest, wire, run.settings)
        # Days without events as well: as-of stops at a gap.
        through(run, list(DayRange(min(days), max(days))))
        publish_cohorts(run)
        evaluate.evaluate_signals(run)
