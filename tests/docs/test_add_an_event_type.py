"""Who follows the page step by step arrives."""

import csv
import io

from tests.conftest import Database
from tests.docs.steps import Copy, event
from tests.metrics.nights import put


def test_an_event_type_is_added_by_its_page(database: Database, copy: Copy) -> None:
    put(database, event(1, "enroll", "ann"), event(2, "note_taken", "ann"))
    rows = csv.DictReader(io.StringIO(copy.follow("add-an-event-type.md")))
    assert {row["event_type"]: row["events"] for row in rows} == {"enroll": "1", "note_taken": "1"}
