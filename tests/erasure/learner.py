"""A learner to erase among others, and how to look for the learner afterwards."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from analytics_pipeline.engine import Engine
from analytics_pipeline.run import PipelineRun
from tests.conftest import Database, Server, fresh_database
from tests.course_life import FIRST, life
from tests.inbox import deliver
from tests.metrics.nights import night, published
from tests.metrics.oracle import Wire
from tests.pipeline_runs import a_run

DAYS = 6
LAST = FIRST + timedelta(days=DAYS - 1)
LEARNER = "learner-3"
STREAM = life(seed=5, days=DAYS, learners=12, events_a_day=40)
TABLES = (
    *("event_day", "lesson_daily", "course_daily"),
    *("lesson_cohort", "quiz_cohort", "course_funnel", "course_refund"),
)


def theirs(wire: Sequence[Wire]) -> list[Wire]:
    return [event for event in wire if event["userId"] == LEARNER]


def of_others(wire: Sequence[Wire]) -> list[Wire]:
    return [event for event in wire if event["userId"] != LEARNER]


@contextmanager
def site(server: Server, folder: Path, **changes: Any) -> Iterator[tuple[Database, PipelineRun]]:
    with (
        fresh_database(server) as database,
        a_run(database, folder, **({"first_day": FIRST} | changes)) as run,
    ):
        yield database, run


def put(database: Database, run: PipelineRun, wire: Sequence[Wire]) -> None:
    with database.connect("ingest") as ingest:
        deliver(ingest, wire, run.settings)


def nights(database: Database, run: PipelineRun, stream: dict[date, list[Wire]]) -> None:
    for wire in stream.values():
        put(database, run, wire)
    night(run, list(stream), LAST)


def rows(database: Database, skip: Sequence[str] = ()) -> dict[str, list[str]]:
    return {
        table: sorted(
            str({name: value for name, value in row.items() if name not in skip})
            for row in published(database, table)
        )
        for table in TABLES
    }


def files_with(folder: Path, *names: str) -> list[Path]:
    """Every file under the lake in which the learner is a learner, whether the catalogue names it or not."""
    found = []
    with Engine(folder / "look").session() as duck:
        for path in (folder / "lake").rglob("*.parquet"):
            held = duck.from_parquet(str(path)).filter(f"learner_id IN {(*names, '')}")
            if held.limit(1).fetchall():
                found.append(path)
    return found
