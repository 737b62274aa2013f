"""An engine for models alone, and a run that holds the turn on a database without events."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics_pipeline.engine import Engine
from analytics_pipeline.run import PipelineRun
from tests.conftest import Database
from tests.metrics.nights import clear
from tests.pipeline_runs import a_run


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(tmp_path_factory.mktemp("scratch"), threads=1)


@pytest.fixture
def database(module_database: Database) -> Database:
    """Emptied for each test: many times as fast as a new one."""
    clear(module_database)
    return module_database


@pytest.fixture
def run(database: Database, tmp_path: Path) -> Iterator[PipelineRun]:
    with a_run(database, tmp_path) as run:
        yield run
