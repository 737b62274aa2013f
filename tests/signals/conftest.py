"""A run that holds the turn on a database without events, where two days without activity are quiet."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics_pipeline.run import PipelineRun
from tests.conftest import Database
from tests.metrics.conftest import database, engine
from tests.pipeline_runs import a_run

__all__ = ["database", "engine"]

QUIET_DAYS = 2


@pytest.fixture
def run(database: Database, tmp_path: Path) -> Iterator[PipelineRun]:
    with a_run(database, tmp_path, quiet_days=QUIET_DAYS) as run:
        yield run
