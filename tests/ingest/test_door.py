import gzip
import json
import socket
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from analytics_pipeline.ingest.keys import hash_of
from tests.conftest import Database
from tests.ingest.batches import wire
from tests.ingest.conftest import PAGE, new_key
from tests.ingest.service import EVENT_PATH, Service, inbox
from tests.waiting import wait_until

MIB = 2**20


def event(**fields: object) -> dict[str, Any]:
    return wire(datetime.now(UTC), **({"id": uuid4().hex} | fields))


@pytest.fixture
def page_key(shared_database: Database) -> str:
    return new_key(shared_database, PAGE)


def stored_ids(database: Database) -> set[str]:
    return {line["event_id"] for line in inbox(database.urls)}


def test_202_says_how_many_were_accepted_and_they_are_committed(
    door: Service, shared_database: Database
) -> None:
    sent = [event() for _ in range(3)]
    answer = door.post({"events": sent, "sentAt": datetime.now(UTC).isoformat()})
    assert (answer.status_code, answer.json()) == (202, {"accepted": 3, "rejected": []})
    assert {one["id"] for one in sent} <= stored_ids(shared_database)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain;charset=UTF-8", ""])
def test_beacons_and_programs_may_send(door: Service, content_type: str) -> None:
    assert door.post([event()], {"content-type": content_type}).status_code == 202


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-encoding": "br"},
        {"content-type": "x"},
    ],
)
def test_other_forms_are_not_understood(door: Service, headers: dict[str, str]) -> None:
    assert door.post([event()], headers).status_code == 415


def test_one_bad_event_in_a_good_batch_goes_to_quarantine(door: Service, shared_database: Database) -> None:
    good, bad = event(), event(lessonIdx=-1)
    answer = door.post([good, bad])
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 1
    [rejected] = answer.json()["rejected"]
    assert (rejected["index"], rejected["id"]) == (1, bad["id"])
    assert rejected["reason"].startswith("invalid: ")
    assert good["id"] in stored_ids(shared_database)
    with shared_database.connect("pipeline") as connection:
        query = "SELECT reason, body, event_type, course_id FROM ingest.quarantine WHERE event_id = %s"
        [row] = connection.execute(query, [bad["id"]]).fetchall()
    assert row[0] == rejected["reason"]
    assert json.loads(row[1]) == bad
    assert row[2:] == ("lesson_viewed", "course-1")


def test_the_same_rejected_event_is_kept_once(door: Service, shared_database: Database) -> None:
    bad = event(lessonIdx=-1)
    for _ in range(2):
        assert len(door.post([bad, bad]).json()["rejected"]) == 2
    with shared_database.connect("pipeline") as connection:
        query = "SELECT count(*) FROM ingest.quarantine WHERE event_id = %s"
        assert connection.execute(query, [bad["id"]]).fetchone() == (1,)


def test_the_same_id_again_is_accepted_again(door: Service) -> None:
    again = event()
    assert [door.post([again]).json()["accepted"] for _ in range(2)] == [1, 1]


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b'{"event": []}', b'{"events": []}'])
def test_a_body_that_is_no_batch_stores_nothing(
    door: Service, shared_database: Database, body: bytes
) -> None:
    before = len(inbox(shared_database.urls))
    answer = door.post(body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}
    assert len(inbox(shared_database.urls)) == before


def test_a_syntax_error_is_answered_with_its_position(door: Service) -> None:
    assert "byte 12" in door.post(b'{"events": [}').json()["error"]


def test_more_than_a_thousand_events_are_too_many(door: Service) -> None:
    assert door.post([1] * 1000).status_code == 202
    assert door.post([1] * 1001).status_code == 413


def test_a_body_of_more_than_a_mebibyte_is_too_large(door: Service) -> None:
    filler = json.dumps([event(), "x" * MIB]).encode()
    assert door.post(filler).status_code == 413
    assert door.post(filler[: MIB - 2] + b'"]').status_code == 202

    def chunks() -> Any:
        yield from (filler[start : start + 65_536] for start in range(0, len(filler), 65_536))

    answer = door.client.post(
        f"{door.url}{EVENT_PATH}", content=chunks(), headers={"x-write-key": str(door.key)}
    )
    assert answer.status_code == 413


def test_gzip_is_unpacked(door: Service, shared_database: Database) -> None:
    sent = event()
    answer = door.post(gzip.compress(json.dumps([sent]).encode()), {"content-encoding": "gzip"})
    assert answer.json()["accepted"] == 1
    assert sent["id"] in stored_ids(shared_database)


@pytest.mark.parametrize("size", [MIB + 1, 100 * MIB])
def test_a_gzip_bomb_is_not_unpacked(door: Service, size: int) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b" " * MIB) for _ in range(size // MIB)) + packer.compress(
        b" " * (size % MIB)
    )
    bomb += packer.flush()
    assert len(bomb) < MIB
    assert door.post(bomb, {"content-encoding": "gzip"}).status_code == 413


@pytest.mark.parametrize("cut", [0, 1, 9, 15, -1, -8])
def test_gzip_that_ends_early_is_no_batch(door: Service, cut: int) -> None:
    packed = gzip.compress(json.dumps([event()]).encode())
    assert door.post(packed[:cut], {"content-encoding": "gzip"}).status_code == 400


@pytest.mark.parametrize(
    "body",
    [b"[]", b"\x1f\x8b", b"x" * 100, gzip.compress(b"[") + gzip.compress(b"]")],
    ids=["plain", "only-the-magic", "no-gzip", "two-streams"],
)
def test_what_is_not_one_gzip_stream_is_no_batch(door: Service, body: bytes) -> None:
    assert door.post(body, {"content-encoding": "gzip"}).status_code == 400


def test_without_a_key_nothing_gets_in(door: Service) -> None:
    answer = door.client.post(f"{door.url}{EVENT_PATH}", json=[event()])
    assert answer.status_code == 401
    assert door.post([event()], {"x-write-key": "unknown"}).status_code == 401
    assert door.post([event()], {"x-write-key": ""}).status_code == 401
    assert door.post([event()], query="?key=%ff%00").status_code == 401


def test_a_key_may_come_in_the_query(door: Service) -> None:
    assert door.post([event()], query=f"?key={door.key}").status_code == 202


def test_a_key_works_at_once_and_is_refused_soon_after_it_was_revoked(
    door: Service, shared_database: Database
) -> None:
    key = new_key(shared_database)
    assert door.post([event()], {"x-write-key": key}).status_code == 202
    with shared_database.connect("pipeline") as connection:
        connection.execute(
            "UPDATE ingest.write_key SET revoked_at = now() WHERE key_hash = %s", [hash_of(key)]
        )
    wait_until(lambda: door.post([event()], {"x-write-key": key}).status_code == 401, 5)


def test_a_page_of_the_keys_origin_may_send_and_read_the_answer(door: Service, page_key: str) -> None:
    answer = door.post([event()], {"x-write-key": page_key, "origin": PAGE})
    assert answer.status_code == 202
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-expose-headers"] == "retry-after"
    assert answer.headers["vary"] == "origin"


def test_a_page_may_read_why_its_batch_was_refused(door: Service, page_key: str) -> None:
    answer = door.post(b"[", {"x-write-key": page_key, "origin": PAGE})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (400, PAGE)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example.org", "null", "http://learn.example.org", f"{PAGE}:8443", f"{PAGE}.evil.org", ""],
)
def test_pages_of_other_origins_may_not(door: Service, page_key: str, origin: str) -> None:
    answer = door.post([event()], {"x-write-key": page_key, "origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_a_pages_key_is_for_pages_and_a_servers_key_is_not(door: Service, page_key: str) -> None:
    assert door.post([event()], {"x-write-key": page_key}).status_code == 403
    assert door.post([event()], {"origin": PAGE}).status_code == 403


def preflight(door: Service, origin: str | None, query: str = "") -> Any:
    headers = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-write-key",
    }
    if origin is not None:
        headers["origin"] = origin
    return door.client.options(f"{door.url}{EVENT_PATH}{query}", headers=headers)


def test_preflight_is_answered_for_exactly_the_origins_of_keys(
    door: Service, page_key: str, shared_database: Database
) -> None:
    assert door.post([event()], {"x-write-key": page_key, "origin": PAGE}).status_code == 202
    allowed = preflight(door, PAGE)
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == PAGE
    assert allowed.headers["access-control-allow-methods"] == "POST"
    assert "x-write-key" in allowed.headers["access-control-allow-headers"]
    other_key = new_key(shared_database, "https://other.example.org")
    for origin, query in [
        ("https://evil.example.org", ""),
        ("null", ""),
        (None, ""),
        (PAGE, f"?key={other_key}"),
        (PAGE, "?key=unknown"),
        (PAGE, f"?key={door.key}"),
    ]:
        refused = preflight(door, origin, query)
        assert refused.status_code == 403
        assert "access-control-allow-origin" not in refused.headers
    assert preflight(door, PAGE, f"?key={page_key}").status_code == 204


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_events_are_posted(door: Service, method: str) -> None:
    answer = door.client.request(method, f"{door.url}{EVENT_PATH}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")


def test_there_is_nothing_else_behind_the_door(door: Service) -> None:
    for path in ("/", "/api/analytics/events", "/api/analytics/event/", "/docs"):
        assert door.get(path).status_code == 404


def test_a_client_goes_on_after_a_refusal(door: Service) -> None:
    for body, status in [(b"[", 400), (b"x" * (MIB + 1), 413), (json.dumps([event()]).encode(), 202)]:
        assert door.post(body).status_code == status


def test_a_body_that_ends_midway_harms_nobody(door: Service) -> None:
    port = urlsplit(door.url).port
    head = (
        f"POST {EVENT_PATH} HTTP/1.1\r\nhost: x\r\nx-write-key: {door.key}\r\ncontent-length: 1000\r\n\r\n["
    )
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head.encode())
    assert door.post([event()]).status_code == 202
    wait_until(lambda: door.metric("held_bytes") == 0, 5)


def test_an_id_that_was_left_out_is_the_same_when_the_batch_is_sent_again(
    door: Service, shared_database: Database
) -> None:
    course = uuid4().hex
    sent = event(id=..., courseId=course)
    for _ in range(2):
        assert door.post([sent]).json()["accepted"] == 1
    ids = {line["event_id"] for line in inbox(shared_database.urls) if line["course_id"] == course}
    assert len(ids) == 1


def test_a_batch_that_spans_days_is_stored_by_day(door: Service, shared_database: Database) -> None:
    course = uuid4().hex
    now = datetime.now(UTC)
    days = [(now - timedelta(days=back)) for back in (3, 1, 2, 1)]
    assert (
        door.post([event(courseId=course, createdAt=day.isoformat()) for day in days]).json()["accepted"] == 4
    )
    with shared_database.connect("pipeline") as connection:
        query = (
            "SELECT day, events FROM ingest.inbox WHERE convert_from(payload, 'UTF8') LIKE %s ORDER BY day"
        )
        rows = connection.execute(query, [f"%{course}%"]).fetchall()
    assert rows == [((now - timedelta(days=back)).date(), 1 + (back == 1)) for back in (3, 2, 1)]


def test_health_readiness_and_metrics_are_told(door: Service) -> None:
    assert door.get("/healthz").json() == {"alive": True}
    assert door.get("/readyz").json() == {"ready": True, "away": []}
    accepted, malformed = door.metric("events_accepted_total"), 'events_rejected_total{reason="malformed"}'
    rejected, commits = door.metric(malformed), door.metric('commits_total{outcome="stored"}')
    assert door.post([event(), 1, 2]).status_code == 202
    assert door.metric("events_accepted_total") == accepted + 1
    assert door.metric(malformed) == rejected + 2
    assert door.metric('commits_total{outcome="stored"}') == commits + 1
    assert door.metric("commit_seconds_count") == commits + 1
    assert door.metric("queue_depth") == 0
    assert door.metric("received_bytes_total") > 0


def test_refusals_are_counted_by_status_and_cause(door: Service) -> None:
    samples = ['requests_total{status="401"}', 'requests_refused_total{cause="unknown_key"}']
    before = [door.metric(sample) for sample in samples]
    assert door.post([event()], {"x-write-key": "unknown"}).status_code == 401
    assert [door.metric(sample) for sample in samples] == [count + 1 for count in before]
