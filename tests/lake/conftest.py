"""A run that holds the turn on a fresh database, with a lake and scratch of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analytics_pipeline.database.turn import hold_turn
from analytics_pipeline.engine import Engine
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.run import PipelineRun
from tests.conftest import Database
from tests.lake.deliveries import Delivery, deliver


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
    def put(*deliveries: Delivery) -> None:
        with database.connect("ingest") as connection:
            deliver(connection, deliveries, database.settings.zone)

    return put
