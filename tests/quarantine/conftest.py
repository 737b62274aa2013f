"""A database of the test's own, and rejected events put into its quarantine as the ingest service would."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest

from analytics_pipeline.ingest.admission import Admission
from tests.conftest import Database
from tests.inbox import put_batch

Put = Callable[[Admission], None]

INSERT = """
    INSERT INTO ingest.quarantine
        (id, received_at, day, key_id, skew_us, event_id, course_id, event_type, reason, body)
    VALUES (%s, now(), %s, %s, %s, %s, %s, %s, %s, %s)
"""


def put_into(database: Database, admission: Admission) -> None:
    """Put what one request has to store into the quarantine and the inbox."""
    with database.connect("ingest") as connection:
        for row in admission.quarantine:
            fields = (row.event_id, row.course_id, row.event_type, row.reason, row.body)
            connection.execute(INSERT, (row.id, *row.arrival, *fields))
        for day, events, payload in admission.days:
            put_batch(connection, day, datetime.now(UTC), events, payload)


@pytest.fixture
def put(database: Database) -> Put:
    """`put_into` the test's own database."""
    return partial(put_into, database)
