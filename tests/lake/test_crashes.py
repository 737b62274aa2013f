"""Killed at any moment and run again, a seal leaves what an undisturbed one would have left."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.database.migrate import migrate
from analytics_pipeline.database.turn import Turn
from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.engine import Engine
from analytics_pipeline.lake.catalogue import due_days, lake_days
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.run import PipelineRun
from analytics_pipeline.settings import Settings
from tests.conftest import Database
from tests.lake import sealing
from tests.lake.deliveries import FIRST, UTC_ZONE, Delivery, Oracle, deliver, lake_rows

DAYS = 4
EVENTS = 400
ROUNDS = 7

# Processes that have imported everything already, so that a round is mostly sealing.
PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload([sealing.__name__])


def new_deliveries(rng: random.Random, number: int) -> list[Delivery]:
    """A batch in which one event in ten repeats an earlier id, some with another field."""
    events = []
    for _ in range(EVENTS):
        event = Delivery(
            id=f"{number}-{rng.randrange(10**6)}",
            day=rng.randrange(DAYS),
            second=rng.randrange(86_400),
            received=number,
            course=f"course-{rng.randrange(5)}",
            learner=f"learner-{rng.randrange(50)}",
        )
        events.append(event)
        if rng.random() < 0.1:
            again = rng.choice(events)
            events.append(replace(again, learner="somebody else") if rng.random() < 0.3 else again)
    return sorted(events, key=lambda event: event.day)


def start(url: str, folder: Path) -> BaseProcess:
    """A process that has its turn and begins to seal."""
    days = [FIRST + timedelta(days=number) for number in range(DAYS)]
    receive, send = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=sealing.seal_all, args=(url, folder, days, send))
    process.start()
    send.close()
    with receive:
        assert receive.recv() == "started"
    return process


def check_against(run: PipelineRun, oracle: Oracle) -> None:
    """The lake, the catalogue and the counts are those of an undisturbed run."""
    days = [FIRST + timedelta(days=number) for number in range(DAYS)]
    assert lake_rows(run, days) == oracle.rows(UTC_ZONE)
    rows = lake_days(run.connection, days)
    assert Counter({day: row.events for day, row in rows.items()}) == Counter(
        event.site_day for by_day in oracle.standing.values() for event in by_day.values()
    )
    assert {day: row.duplicates for day, row in rows.items()} == {
        day: oracle.duplicates[number] for number, day in enumerate(days)
    }
    counted = run.connection.execute("SELECT sum(duplicates) FROM analytics.duplicate_count").fetchone()
    assert counted == (oracle.duplicates.total(),)
    bodies = {body for (body,) in run.connection.execute("SELECT body FROM ingest.quarantine")}
    assert bodies == oracle.conflicting()
    assert run.connection.execute("SELECT count(*) FROM ingest.inbox").fetchone() == (0,)
    assert all(row.learner_version == row.version for row in rows.values())
    assert due_days(run.connection, days[-1] + timedelta(days=1)) == days


def play(
    database: Database,
    folder: Path,
    strike: Callable[[BaseProcess], None],
    recover: Callable[[], None],
) -> int:
    """Deliver and seal, round by round, struck at a random moment in all but the first and the last round.

    Checks what is left in the end, and returns how many seals did not come to their end.
    """
    rng = random.Random(7)
    oracle, lasts, stopped = Oracle(), 0.0, 0
    for number in range(ROUNDS):
        batch = new_deliveries(rng, number)
        with database.connect("ingest") as ingest:
            deliver(ingest, batch, UTC_ZONE)
        for delivery in batch:
            oracle.take(delivery)
        process = start(database.urls.pipeline, folder)
        began = time.monotonic()
        struck = 0 < number < ROUNDS - 1
        if struck:
            time.sleep(rng.uniform(0, lasts))
            strike(process)
        process.join()
        if struck:
            stopped += process.exitcode != 0
            recover()
        else:
            assert process.exitcode == 0
            lasts = time.monotonic() - began
    with database.connect("pipeline") as connection:
        lake, engine = Lake(str(folder / "lake")), Engine(folder / "scratch")
        check_against(PipelineRun(connection, lake, engine, Turn("a-look", 0), database.settings), oracle)
    return stopped


def test_a_seal_that_is_killed_at_any_moment_loses_and_doubles_nothing(
    database: Database, tmp_path: Path
) -> None:
    assert play(database, tmp_path, lambda process: process.kill(), lambda: None) > 0


def test_a_postgres_that_is_killed_under_a_seal_loses_and_doubles_nothing(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", _env_file=None)
    server = EmbeddedServer(settings.home)

    def kill_postgres(_: object) -> None:
        os.kill(postmaster_of(database), signal.SIGKILL)

    def start_postgres() -> None:
        server.start()

    try:
        migrate(settings)
        database = Database(settings, database_urls(settings))
        assert play(database, tmp_path, kill_postgres, start_postgres) > 0
    finally:
        server.remove()


def postmaster_of(database: Database) -> int:
    with database.connect("owner") as connection:
        row = connection.execute("SELECT current_setting('data_directory')").fetchone()
    assert row is not None
    return int((Path(row[0]) / "postmaster.pid").read_text().split()[0])
