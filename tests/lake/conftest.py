"""A run that holds the turn on an empty database, with a lake and scratch of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analytics_pipeline.database.turn import hold_turn
from analytics_pipeline.engine import Engine
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.run import PipelineRun
from tests.conftest import Database, Server, fresh_database
from tests.lake.deliveries import Delivery, clear, deliver


@pytest.fixture(scope="module")
def module_database(server: Server) -> Iterator[Database]:
    with fresh_database(server) as database:
        yield database


@pytest.fixture
def database(module_database: Database) -> Database:
    """Emptied for each test: many times as fast as a new one."""
    clear(module_database)
    return module_database


@pytest.fixture
def run(database: Database, tmp_path: Path) -> Iterator[PipelineRun]:
    with (
        hold_turn(
            database.urls.pipeline, "the-run", has_ended=lambda _: False, on_wait=lambda _: None
        ) as turn,
        database.connect("pipeline") as connection,
    ):
        yield PipelineRun(
            connection=connection,
            lake=Lake(str(tmp_path / "lake")),
            engine=Engine(tmp_path / "scratch", threads=2),
            turn=turn,
            settings=database.settings,
        )


@pytest.fixture
def put(database: Database) -> Callable[..., None]:
    """Puts one batch into the inbox, as the ingest service would."""

    def put(*deliveries: Delivery) -> None:
        with database.connect("ingest") as connection:
            deliver(connection, deliveries, database.settings.zone)

    return put
