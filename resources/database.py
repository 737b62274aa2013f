"""A connection for those who only read: checks, the schedule, sensors."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import psycopg

from analytics_pipeline.database.site import check_site
from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.settings import load_settings


class DatabaseResource(dg.ConfigurableResource):
    """Opens connections as the role analytics_pipeline; it needs no turn, so nobody waits for it.

    It reads the settings itself: what passes through a resource's configuration is kept in Dagster's records,
    passwords included.
    """

    @contextmanager
    def connect(self, purpose: str) -> Iterator[psycopg.Connection]:
        """A connection in autocommit mode, whose session is named after its purpose."""
        settings = load_settings()
        url = database_urls(settings).pipeline
        with psycopg.connect(url, autocommit=True, application_name=purpose) as connection:
            check_site(connection, settings)
            yield connection
