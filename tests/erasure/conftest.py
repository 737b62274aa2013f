"""What is published of a stream in which the learner never was."""

import pytest

from tests.conftest import Server
from tests.erasure.learner import STREAM, nights, of_others, rows, site


@pytest.fixture(scope="session")
def without(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What is published of a stream in which the learner never was."""
    with site(server, tmp_path_factory.mktemp("without")) as (database, run):
        nights(database, run, {day: of_others(wire) for day, wire in STREAM.items()})
        return rows(database)
