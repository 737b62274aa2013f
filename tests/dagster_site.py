"""A site for tests of the Dagster project: a database, a lake, and an instance from our dagster.yaml."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import LiteralString

import dagster as dg
import pytest
from psycopg import sql

from analytics_pipeline.dagster_home import dagster_environment
from analytics_pipeline.days import DayRange, day_start
from analytics_pipeline.definitions import build_definitions
from analytics_pipeline.settings import Settings
from resources import keep_connections
from sensors.execution import Outcome, execute
from tests.conftest import Database
from tests.inbox import deliver, put_batch
from tests.metrics.oracle import Wire
from tests.postgres import add_dagsters_database, copy_database, server_connection

FIRST = date(2024, 3, 4)
"""A day long past, so that nothing of a test depends on the clock."""

DAGSTERS_TABLES = "dagsters_tables"
"""The database that the sites of a test run have copies of: for Dagster to make its tables takes a second."""

RECORD_TURNS = """
    CREATE TABLE public.turn_record (
        epoch BIGINT, run_id TEXT, held BOOLEAN, at TIMESTAMPTZ DEFAULT clock_timestamp());
    CREATE FUNCTION public.record_turn() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        INSERT INTO public.turn_record (epoch, run_id, held)
        VALUES (NEW.epoch, NEW.run_id, NEW.backend_pid IS NOT NULL);
        RETURN NULL;
    END $$;
    CREATE TRIGGER record_turn AFTER UPDATE ON analytics.turn
        FOR EACH ROW EXECUTE FUNCTION public.record_turn();
"""


@dataclass(frozen=True)
class Held:
    """For how long a run held the turn."""

    run_id: str
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Site:
    """One site, as its own processes see it."""

    database: Database
    environment: dict[str, str]

    @property
    def settings(self) -> Settings:
        return self.database.settings

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Within the block, this process finds the site's settings and instance in its environment."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            yield

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """The instance that our dagster.yaml describes."""
        with self.entered(), dg.DagsterInstance.from_config(self.environment["DAGSTER_HOME"]) as instance:
            keep_connections(instance)
            yield instance

    def execute(self, days: DayRange, *, wait: bool = True) -> Outcome:
        """Run the nightly job in this process."""
        with self.entered():
            return execute(days, wait=wait)

    def deliver(self, days: Sequence[date], learners: int = 3, course: str = "course-1") -> None:
        """Put one batch for each day into the inbox: each learner enrols and views two lessons."""
        with self.database.connect("ingest") as connection:
            for day in days:
                deliver(connection, _events(day, learners, course, self.settings), self.settings)

    def deliver_garbage(self, day: date) -> None:
        """Put something into the inbox that is no event."""
        with self.database.connect("ingest") as connection:
            put_batch(connection, day, datetime.now(UTC), 1, b"not an event\n")

    def number(self, query: LiteralString, *parameters: object) -> int:
        """The one number that the query gives."""
        with self.database.connect("owner") as connection:
            row = connection.execute(query, parameters).fetchone()
        assert row is not None
        return int(row[0])

    def count(self, table: str, day: date | None = None) -> int:
        """Rows of a table, or those of a day."""
        schema, name = table.split(".")
        with self.database.connect("owner") as connection:
            query = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(
                sql.Identifier(schema, name),
                sql.SQL("true") if day is None else sql.SQL("day = {}").format(day),
            )
            row = connection.execute(query).fetchone()
        assert row is not None
        return int(row[0])

    def status(self, run_id: str) -> dg.DagsterRunStatus:
        """How the run stands, as Dagster has it."""
        with self.instance() as instance:
            run = instance.get_run_by_id(run_id)
        assert run is not None
        return run.status

    def record_turns(self) -> None:
        """From now on, keep who took the turn and who gave it back, and when."""
        with self.database.connect("owner") as connection:
            connection.execute(RECORD_TURNS)

    def turns(self) -> list[Held]:
        """Every turn that was taken and given back, in order."""
        with self.database.connect("owner") as connection:
            rows = connection.execute(
                "SELECT run_id, min(at) FILTER (WHERE held), max(at) FILTER (WHERE NOT held)"
                "  FROM turn_record GROUP BY epoch, run_id ORDER BY epoch"
            ).fetchall()
        return [Held(*row) for row in rows]

    def start(self, *command: str) -> "subprocess.Popen[str]":
        """A Python program of this site, in the background."""
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            process_group=0,
        )

    def launch(self, days: DayRange, *options: str) -> "subprocess.Popen[str]":
        """`python -m sensors.launch` for these days."""
        return self.start("sensors.launch", "--from", str(days.first), "--to", str(days.last), *options)


def _events(day: date, learners: int, course: str, settings: Settings) -> Iterator[Wire]:
    start = day_start(day, settings.zone) + timedelta(hours=9)
    steps = [("enroll", None), ("lesson_viewed", 0), ("lesson_viewed", 1)]
    for learner, (number, (kind, lesson)) in product(range(learners), enumerate(steps)):
        yield {
            "id": f"{course}-{day}-{learner}-{number}",
            "eventType": kind,
            "userId": f"learner-{learner}",
            "courseId": course,
            "lessonIdx": lesson,
            "metadata": {},
            "createdAt": (start + timedelta(minutes=number, seconds=learner)).isoformat(),
        }


def site_of(database: Database) -> Site:
    """The site of this database, and beside it a database in which Dagster has its tables."""
    settings = database.settings
    found = {**settings.as_environment(), **dagster_environment(settings)}
    site = Site(database, {**os.environ, **found})
    with server_connection(database.urls.owner) as connection:
        row = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DAGSTERS_TABLES]).fetchone()
    if row is None:
        _make_dagsters_tables(site)
    else:
        add_dagsters_database(database.urls.owner, DAGSTERS_TABLES)
    return site


def _make_dagsters_tables(site: Site) -> None:
    """Let Dagster make its tables, and keep a copy for the sites to come."""
    owner_url, dagsters = site.database.urls.owner, site.database.urls.dagster.rpartition("/")[2]
    add_dagsters_database(owner_url)
    # Not by an instance that keeps connections: nobody may be there when it is copied.
    with site.entered(), dg.DagsterInstance.get() as instance:
        assert instance.get_runs_count() == 0
    with server_connection(owner_url) as connection:
        copy_database(connection, dagsters, DAGSTERS_TABLES)


def materialized(instance: dg.DagsterInstance, key: str) -> list[date]:
    """The days of the asset that are recorded as materialized."""
    return sorted(map(date.fromisoformat, instance.get_materialized_partitions(dg.AssetKey(key))))


def record_run_under_way(
    instance: dg.DagsterInstance,
    site: Site,
    day: date,
    status: dg.DagsterRunStatus = dg.DagsterRunStatus.STARTED,
) -> dg.DagsterRun:
    """A run that Dagster believes to be under way, and that no process executes."""
    job = build_definitions(site.settings).resolve_job_def("nightly")
    return instance.create_run_for_job(job_def=job, tags={"dagster/partition": str(day)}, status=status)
