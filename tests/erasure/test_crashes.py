"""Killed at any moment and started again, an erasure ends as an undisturbed one would have."""

import random
import time
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from analytics_pipeline.erasure.erase import erase_learner
from analytics_pipeline.metrics.cohorts import publish_cohorts_as_of
from tests.conftest import Database, Server, fresh_database
from tests.course_life import FIRST
from tests.erasure import erasing
from tests.erasure.learner import LAST, LEARNER, STREAM, files_with, nights, put, rows, theirs
from tests.metrics.nights import through
from tests.pipeline_runs import a_run

ROUNDS = 5
THEIRS = [event for wire in STREAM.values() for event in theirs(wire)]

# Processes that have imported everything already, so that a round is mostly erasing.
PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload([erasing.__name__])


def start(database: Database, folder: Path) -> BaseProcess:
    """A process that has its turn and begins to erase."""
    receive, send = PROCESSES.Pipe(duplex=False)
    arguments = (database.urls.pipeline, database.settings.home, folder, LEARNER, send)
    process = PROCESSES.Process(target=erasing.erase, args=arguments)
    process.start()
    send.close()
    with receive:
        assert receive.recv() == "started"
    return process


def test_an_erasure_that_is_killed_at_any_moment_is_finished_by_the_next(
    server: Server, tmp_path: Path, without: dict[str, list[str]]
) -> None:
    dice, killed = random.Random(3), 0
    with fresh_database(server) as database:
        with a_run(database, tmp_path, first_day=FIRST) as run:
            nights(database, run, STREAM)
        for number in range(ROUNDS):
            # Another event waits in the inbox each time, so that there is always something left to do.
            again = {**THEIRS[-1], "id": f"again-{number}"}
            with a_run(database, tmp_path, first_day=FIRST) as run:
                put(database, run, [again])
            process = start(database, tmp_path)
            time.sleep(dice.uniform(0, 1.5))
            process.kill()
            process.join()
            killed += process.exitcode != 0
        with a_run(database, tmp_path, first_day=FIRST) as run:
            receipt = erase_learner(run, LEARNER, lambda _: None)
            through(run, list(STREAM))
            publish_cohorts_as_of(run, LAST)
        assert killed > 0
        assert rows(database) == without
        assert files_with(tmp_path, LEARNER) == []
        assert receipt.events == len(THEIRS)
        assert receipt.kept_out == ROUNDS
        assert receipt.finished_at is not None
