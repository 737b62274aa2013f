"""An erasure in a process of its own, to be killed."""

from multiprocessing.connection import Connection
from pathlib import Path

import psycopg

from analytics_pipeline.database.turn import hold_turn
from analytics_pipeline.engine import Engine
from analytics_pipeline.erasure.erase import erase_learner
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.run import PipelineRun
from analytics_pipeline.settings import Settings


def erase(url: str, home: Path, folder: Path, learner: str, started: Connection) -> None:
    """Erase the learner; say so when it begins."""
    settings = Settings(home=home, _env_file=None)
    with (
        hold_turn(url, "erasing", has_ended=lambda _: False, on_wait=lambda _: None) as turn,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        run = PipelineRun(
            connection, Lake(str(folder / "lake")), Engine(folder / "scratch", threads=1), turn, settings
        )
        started.send("started")
        erase_learner(run, learner, lambda _: None)
