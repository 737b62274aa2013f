"""A run of the pipeline without Dagster, for tests of what it works on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from analytics_pipeline.database.turn import hold_turn
from analytics_pipeline.engine import Engine
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.run import PipelineRun
from tests.conftest import Database


@contextmanager
def a_run(
    database: Database,
    folder: Path,
    run_id: str = "the-run",
    threads: int = 1,
    root: str | None = None,
    **changes: Any,
) -> Iterator[PipelineRun]:
    """A run that holds the turn, its lake at `root` or under `folder`; `changes` are settings."""
    lake = Lake(root or str(folder / "lake"))
    with (
        hold_turn(database.urls.pipeline, run_id, has_ended=lambda _: False, on_wait=lambda _: None) as turn,
        database.connect("pipeline") as connection,
    ):
        yield PipelineRun(
            connection=connection,
            lake=lake,
            engine=Engine(folder / "scratch", lake.attach, threads=threads),
            turn=turn,
            settings=database.settings.model_copy(update=changes),
        )
