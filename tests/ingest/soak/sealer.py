"""Seals what waits, again and again, in a process that may be killed at any time."""

import multiprocessing
import threading
import time
from datetime import date
from multiprocessing.process import BaseProcess
from pathlib import Path

import psycopg

from analytics_pipeline.database.turn import hold_turn
from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.engine import Engine
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.lake.seal import seal_inbox
from analytics_pipeline.run import PipelineRun
from analytics_pipeline.settings import Settings


def seal_waiting(settings: Settings, folder: Path) -> list[date]:
    """Seal every day that has anything in the inbox, and return the days; a day that fails is an error."""
    url = database_urls(settings).pipeline
    with (
        hold_turn(url, "soak", has_ended=lambda _: False, on_wait=lambda _: None) as turn,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        engine = Engine(folder / "scratch", threads=2)
        run = PipelineRun(connection, Lake(str(folder / "lake")), engine, turn, settings)
        result = seal_inbox(run, lambda _: None)
    if result.failures:
        raise RuntimeError(str(result.failures))
    return list(result.sealed)


class Sealer:
    """Keeps a sealing process going, whatever happens to it, until the block ends."""

    def __init__(self, settings: Settings, folder: Path, pause: float) -> None:
        self._settings = settings
        self._folder = folder
        self._pause = pause
        self._process: BaseProcess = self._new_process()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def __enter__(self) -> "Sealer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        self._process.start()
        while not self._stop.wait(0.2):
            if not self._process.is_alive():
                self._process = self._new_process()
                self._process.start()
        self._process.kill()
        self._process.join()

    def _new_process(self) -> BaseProcess:
        context = multiprocessing.get_context("spawn")
        return context.Process(target=_seal_for_ever, args=(self._settings, self._folder, self._pause))


def _seal_for_ever(settings: Settings, folder: Path, pause: float) -> None:
    while True:
        time.sleep(pause)
        try:
            seal_waiting(settings, folder)
        except psycopg.OperationalError:
            continue
