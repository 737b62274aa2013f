"""What is sent wrongly is kept up to a bound for each key, and answered all the same."""

import gzip
import json
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from analytics_pipeline.ingest.allowance import BURST_SECONDS, BYTES_PER_SECOND, ROW_BYTES, Allowance
from analytics_pipeline.ingest.quarantine import Arrival, QuarantinedEvent
from tests.conftest import Database
from tests.ingest.batches import wire
from tests.ingest.conftest import StartService, new_key

BURST_BYTES = int(BYTES_PER_SECOND * BURST_SECONDS)
PADDING = "x" * 900_000


def rejected(size: int) -> list[QuarantinedEvent]:
    arrival = Arrival(date(2026, 3, 10), "wk_1", 0)
    return [QuarantinedEvent("id", arrival, None, None, None, "malformed", b"x" * (size - ROW_BYTES))]


def test_a_key_fills_its_share_and_then_what_flows_in(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("analytics_pipeline.ingest.allowance.time.monotonic", lambda: now)
    spent = Allowance()
    assert spent.keep("wk_1", rejected(BURST_BYTES))
    assert spent.keep("wk_1", rejected(BYTES_PER_SECOND * 60))
    assert not spent.keep("wk_1", rejected(1000))
    assert spent.keep("wk_2", rejected(1000))
    now += 60.1
    assert spent.keep("wk_1", rejected(1000))


def test_beyond_its_share_a_key_is_answered_as_before_and_its_good_events_are_stored(
    start_service: StartService, database: Database
) -> None:
    service = start_service()

    def post(key: str) -> list[str]:
        bad = {"eventType": uuid4().hex, "padding": PADDING}
        body = [wire(datetime.now(UTC), id=uuid4().hex), bad]
        packed = gzip.compress(json.dumps(body).encode(), 1)
        answer = service.post(packed, {"x-write-key": key, "content-encoding": "gzip"})
        assert answer.status_code == 202
        assert answer.json()["accepted"] == 1
        return [rejection["reason"].partition(":")[0] for rejection in answer.json()["rejected"]]

    greedy, modest = new_key(database), new_key(database)
    for _ in range(80):
        assert post(greedy) == ["unknown_type"]
    assert post(modest) == ["unknown_type"]
    with database.connect("pipeline") as connection:
        rows, size, events = connection.execute(
            "SELECT count(*), sum(length(body)), (SELECT sum(events) FROM ingest.inbox)"
            " FROM ingest.quarantine"
        ).fetchall()[0]
    assert 60 < rows < 81
    assert BURST_BYTES <= size < BURST_BYTES + 4 * len(PADDING)
    assert events == 81
    assert service.metric("rejections_not_kept_total") == 81 - rows
    assert service.metric('events_rejected_total{reason="unknown_type"}') == 81
