"""What a process does that tests kill: it seals days and builds their learner days."""

import signal
from collections.abc import Collection
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path

import psycopg

from analytics_pipeline.database.turn import hold_turn
from analytics_pipeline.engine import Engine
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.lake.learner_days import build_learner_days
from analytics_pipeline.lake.seal import seal_days
from analytics_pipeline.run import PipelineRun
from analytics_pipeline.settings import Settings

DAYS_AT_ONCE = 2


def seal_all(url: str, folder: Path, days: list[date], started: Connection) -> None:
    """Seal and build a few days at a time; say so when it begins. Days that fail end the process."""
    with (
        hold_turn(url, "sealing", has_ended=lambda _: False, on_wait=lambda _: None) as turn,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        engine = Engine(folder / "scratch", threads=1)
        run = PipelineRun(connection, Lake(str(folder / "lake")), engine, turn, Settings(_env_file=None))
        started.send("started")
        for at in range(0, len(days), DAYS_AT_ONCE):
            result = seal_days(run, days[at : at + DAYS_AT_ONCE], lambda _: None)
            if result.failures:
                raise SystemExit(str(result.failures))
            build_learner_days(run, days[at : at + DAYS_AT_ONCE], lambda _: None)


def stop_before_commit(url: str, folder: Path, root: str, day: date, uploaded: Connection) -> None:
    """Seal a day up to its commit, say which files are in the lake by then, and stay there until killed."""

    class StopsThere(Lake):
        def persist(self, names: Collection[str]) -> None:
            super().persist(names)
            uploaded.send(list(names))
            signal.pause()

    lake = StopsThere(root)
    with (
        hold_turn(url, "sealing", has_ended=lambda _: False, on_wait=lambda _: None) as turn,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        engine = Engine(folder / "scratch", lake.attach, threads=1)
        seal_days(
            PipelineRun(connection, lake, engine, turn, Settings(_env_file=None)), [day], lambda _: None
        )
