"""A run that holds the turn on an empty database, with a lake and scratch of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analytics_pipeline.run import PipelineRun
from tests.conftest import Database
from tests.lake.deliveries import Delivery, clear, deliver
from tests.pipeline_runs import a_run


@pytest.fixture
def database(module_database: Database) -> Database:
    """Emptied for each test: many times as fast as a new one."""
    clear(module_database)
    return module_database


@pytest.fixture
def run(database: Database, tmp_path: Path) -> Iterator[PipelineRun]:
    with a_run(database, tmp_path, threads=2) as run:
        yield run


@pytest.fixture
def put(database: Database) -> Callable[..., None]:
    """Puts one batch into the inbox, as the ingest service would."""

    def put(*deliveries: Delivery) -> None:
        with database.connect("ingest") as connection:
            deliver(connection, deliveries, database.settings.zone)

    return put
