"""A copy of the repository, on which a page is followed; each page has a file, since each takes a minute."""

from pathlib import Path

import pytest

from tests.conftest import Database
from tests.docs.steps import Copy


@pytest.fixture
def copy(database: Database, tmp_path: Path) -> Copy:
    return Copy(tmp_path / "copy", database.settings.as_environment())
