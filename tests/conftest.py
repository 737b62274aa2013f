"""What every test may ask for: a real PostgreSQL, a database of its own, real data, outside tools."""

import gc
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.database.grants import grant
from analytics_pipeline.database.migrate import migrate
from analytics_pipeline.database.urls import DatabaseUrls, dagster_database, database_urls
from analytics_pipeline.settings import Settings
from tests.postgres import copy_database, make_quick, server_connection

if TYPE_CHECKING:
    from tests.dagster_site import Site

# What is imported while tests are collected stays: to look through it for garbage, again and again as it
# grows, took two fifths of the collection.
gc.disable()

REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"

LONG_FILES = (
    "end_to_end/test_oulad.py",
    "metrics/test_nights.py",
    "end_to_end/test_faults.py",
    "engine/test_spark.py",
    "database/test_upgrades.py",
    "end_to_end/test_year.py",
    "emitter/test_emitter.py",
    "admin/test_browser.py",
    "docs/test_add_a_metric.py",
    "retention/test_prune.py",
    "end_to_end/test_demo.py",
    "assets/test_nightly.py",
    "sensors/test_one_at_a_time.py",
)
"""Files that take a minute, the longest first: one of them begun last would keep one worker busy alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long files; workers take files in the order of collection."""
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish() -> None:
    """From here on look for garbage again, though not among the modules."""
    gc.freeze()
    gc.enable()


def missing(reason: str) -> None:
    """Skip the test with the reason; where everything is required, fail it."""
    if REQUIRE_ALL:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the developer's shell must not reach a test."""
    for name in os.environ:
        if name.startswith("ANALYTICS_") and name != "ANALYTICS_TEST_DATA":
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def require_tool() -> Callable[[str], str]:
    """A function that gives the path of a program, or skips with what is missing."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            missing(f"{name} is not on the PATH; `make test` installs it where apt can")
        return str(path)

    return find


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder with real learner data: `oulad/` and `fun_mooc/`."""
    folder = os.environ.get("ANALYTICS_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        missing("ANALYTICS_TEST_DATA names no folder with real learner data")
    return Path(str(folder)).absolute()


@dataclass(frozen=True)
class Server:
    """The one embedded server of this test run and the settings that lead to its template database."""

    embedded: EmbeddedServer
    settings: Settings


@dataclass(frozen=True)
class Database:
    """A migrated database of one test."""

    settings: Settings
    urls: DatabaseUrls

    def connect(self, role: str, *, autocommit: bool = True) -> "psycopg.Connection":
        """A connection as `owner`, `ingest`, `pipeline` or `admin`."""
        return psycopg.connect(getattr(self.urls, role), autocommit=autocommit)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    # A test run that is told to end must end its server too, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    home = tmp_path_factory.mktemp("server")
    settings = Settings(home=home)
    embedded = EmbeddedServer(home)
    try:
        embedded.start()
        make_quick(embedded.owner_url)
        migrate(settings)
        yield Server(embedded, settings)
    finally:
        embedded.remove()


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    with fresh_database(server) as database:
        yield database


@pytest.fixture(scope="module")
def module_database(server: Server) -> Iterator[Database]:
    """One for all tests of a file, which do not stand in each other's way or clear it themselves."""
    with fresh_database(server) as database:
        yield database


@pytest.fixture
def site(database: Database) -> Iterator["Site"]:
    """A site whose settings and instance this process and its children find in the environment."""
    # Only these tests need Dagster.
    from tests.dagster_site import site_of  # noqa: PLC0415

    site = site_of(database)
    with site.entered():
        yield site


@contextmanager
def fresh_database(server: Server) -> Iterator[Database]:
    """A migrated database and a HOME of one's own; the database is a copy of the template."""
    name = f"test_{uuid4().hex[:12]}"
    url = f"{server.embedded.owner_url.rpartition('/')[0]}/{name}"
    with (
        TemporaryDirectory(prefix="analytics-test-") as home,
        server_connection(url) as connection,
    ):
        shutil.copytree(server.settings.home / "secrets", Path(home) / "secrets")
        try:
            copy_database(connection, "analytics", name)
            # A database's own privileges are not copied from its template.
            with psycopg.connect(url) as owner:
                grant(owner)
            changed = {"home": Path(home), "database_url": SecretStr(url)}
            settings = server.settings.model_copy(update=changed)
            yield Database(settings, database_urls(settings))
        finally:
            for leftover in (name, dagster_database(url).rpartition("/")[2]):
                drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
                connection.execute(drop.format(sql.Identifier(leftover)))


@pytest.fixture(scope="session")
def spark_master(
    require_tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a Spark cluster on loopback."""
    require_tool("java")
    # Only these tests need the packages.
    from tests.spark_cluster import spark_cluster  # noqa: PLC0415

    with spark_cluster(tmp_path_factory.mktemp("spark")) as address:
        yield address
