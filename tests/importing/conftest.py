"""Ways to write small files and to collect what a reader makes of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from analytics_pipeline.importing.source import BadLine

WriteFile = Callable[[str, str | bytes], Path]


@pytest.fixture
def bad_lines() -> list[BadLine]:
    """What was reported; give its `append` to a reader."""
    return []


@pytest.fixture
def write_file(tmp_path: Path) -> WriteFile:
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write
