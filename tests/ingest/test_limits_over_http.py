"""Limits of keys and of addresses, as their senders meet them."""

from datetime import UTC, datetime
from uuid import uuid4

from tests.conftest import Database
from tests.ingest.batches import wire
from tests.ingest.conftest import PAGE, StartService, new_key
from tests.ingest.service import Service


def batch(events: int) -> list[dict[str, object]]:
    return [wire(datetime.now(UTC), id=uuid4().hex) for _ in range(events)]


def test_a_key_that_sends_too_fast_is_told_how_long_to_wait(door: Service, shared_database: Database) -> None:
    headers = {"x-write-key": new_key(shared_database, events_per_second=10)}
    assert door.post(batch(500), headers).status_code == 202
    refused = door.post(batch(1), headers)
    assert refused.status_code == 429
    assert 30 <= int(refused.headers["retry-after"]) <= 40
    assert door.post(batch(1)).status_code == 202


def test_a_key_without_a_limit_has_none(door: Service) -> None:
    assert [door.post(batch(1000)).status_code for _ in range(10)] == [202] * 10


def test_addresses_are_limited_for_pages_and_not_for_servers(
    start_service: StartService, database: Database
) -> None:
    service = start_service(ingest_address_limit=10, ingest_proxies=1)
    page = {"x-write-key": new_key(database, PAGE), "origin": PAGE}

    def post(events: int, forwarded: str, headers: dict[str, str]) -> int:
        return service.post(batch(events), headers | {"x-forwarded-for": forwarded}).status_code

    assert post(300, "203.0.113.1", page) == 202
    assert post(1, "203.0.113.1", page) == 429
    assert post(1, "198.51.100.9, 203.0.113.1", page) == 429
    assert post(1, "203.0.113.1, 198.51.100.9", page) == 202
    assert post(300, "2001:db8:1:2::1", page) == 202
    assert post(1, "2001:db8:1:2:ffff::2", page) == 429
    assert post(1, "2001:db8:1:3::1", page) == 202
    assert [post(500, "203.0.113.1", {}) for _ in range(3)] == [202] * 3
    refused = service.post(batch(1), page | {"x-forwarded-for": "203.0.113.1"})
    assert refused.headers["access-control-allow-origin"] == PAGE


def test_refused_bodies_cost_something_too(door: Service, shared_database: Database) -> None:
    headers = {"x-write-key": new_key(shared_database, events_per_second=1)}
    statuses = [door.post(b"nonsense", headers).status_code for _ in range(15)]
    assert statuses[:10] == [400] * 10
    assert statuses[-1] == 429
