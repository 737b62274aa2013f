"""One service for all tests that need no settings of their own, and a way to start others."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from analytics_pipeline.ingest.keys import create_key
from tests.conftest import Database, Server, fresh_database
from tests.ingest.service import Service, running

PAGE = "https://learn.example.org"

StartService = Callable[..., Service]


@pytest.fixture(scope="session")
def shared_database(server: Server) -> Iterator[Database]:
    with fresh_database(server) as database:
        yield database


@pytest.fixture(scope="session")
def door(shared_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with the settings that nobody has changed, and a server's key."""
    log = tmp_path_factory.mktemp("door") / "log"
    with running(shared_database.settings, log, new_key(shared_database)) as service:
        yield service


@pytest.fixture
def start_service(database: Database, tmp_path: Path) -> Iterator[StartService]:
    """Start a service on the test's own database, with any settings changed; it has a server's key."""
    with ExitStack() as stack:

        def start(**changed: Any) -> Service:
            settings = database.settings.model_copy(update=changed)
            return stack.enter_context(running(settings, tmp_path / "log", new_key(database)))

        yield start


def new_key(database: Database, *origins: str, events_per_second: int | None = None) -> str:
    """A write key, for servers unless origins are given."""
    with database.connect("pipeline") as connection:
        return create_key(connection, "test", origins, events_per_second)[1]
