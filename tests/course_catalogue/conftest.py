"""A run that holds the turn, and files that a catalogue may come from."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from analytics_pipeline.run import PipelineRun
from tests.conftest import Database
from tests.pipeline_runs import a_run

RunWith = Callable[..., PipelineRun]


@pytest.fixture
def run(database: Database, tmp_path: Path) -> Iterator[PipelineRun]:
    with a_run(database, tmp_path) as run:
        yield run


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], dict[str, Any]]:
    """Write a file; return the setting that names it."""

    def write(name: str, content: str | bytes) -> dict[str, Any]:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return {"catalogue_file": path}

    return write
