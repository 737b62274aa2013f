"""Fixtures of this room."""

from collections.abc import Iterator

import pytest

from tests.conftest import Database
from tests.dagster_site import Site, site_of


@pytest.fixture
def site(database: Database) -> Iterator[Site]:
    """A site whose settings and instance this process and its children find in the environment."""
    site = site_of(database)
    with site.entered():
        yield site
