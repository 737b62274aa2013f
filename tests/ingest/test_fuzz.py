"""Whatever is sent: no 5xx, no growth, and everything that was acknowledged can be sealed."""

import gzip
import json
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics_pipeline.events import METADATA_KEYS, EventType
from analytics_pipeline.ingest.body import MAX_BODY_SECONDS
from analytics_pipeline.lake.seal import seal_days
from tests.conftest import Database
from tests.ingest.conftest import PAGE, new_key
from tests.ingest.service import EVENT_PATH, Service, running
from tests.pipeline_runs import a_run

GROWTH_ALLOWED = 64 * 2**20
DELIBERATE = {202, 400, 401, 403, 413, 415}

text = st.text(st.characters(codec=None, exclude_categories=()), max_size=12) | st.sampled_from(
    ["\0", "\ud800", "\udfff\ud800", "a\0b", "\\u0000", "\u2028", "\ufeff", "🎓"]
)
numbers = (
    st.integers(-(2**80), 2**80)
    | st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 10**400])
    | st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(text, inner, max_size=4),
    max_leaves=10,
)
deep = st.integers(1, 3000).map(lambda levels: "[" * levels + "]" * levels)
metadata = st.dictionaries(st.sampled_from(sorted(METADATA_KEYS)) | text, values, max_size=4)
times = st.sampled_from(
    [
        "2024-01-01T00:00:00Z",
        "2024-02-29T23:59:59.9999999+14:00",
        "2024-01-01",
        "0001-01-01T00:00:00Z",
        "now",
        0,
    ]
) | st.integers(1_704_067_200_000, int(datetime.now(UTC).timestamp() * 1000))
events = st.fixed_dictionaries(
    {"eventType": st.sampled_from([*EventType, "nonsense"]), "createdAt": times},
    optional={
        "id": st.sampled_from(["one", "two", "a b"]) | text,
        "userId": text,
        "courseId": text,
        "lessonIdx": st.integers(-1, 5) | numbers,
        "metadata": metadata | values,
    },
)
bodies = (
    st.lists(events | values, max_size=5)
    | st.fixed_dictionaries({"events": st.lists(events, max_size=5)}, optional={"sentAt": times | values})
    | events
    | values
)


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A body as bytes: sound JSON, or JSON that was cut, changed or nested, or no JSON at all."""
    body = json.dumps(draw(bodies), ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    damage = draw(st.sampled_from(["none", "none", "none", "cut", "change", "nest", "bytes", "exponent"]))
    if damage == "cut":
        return body[: draw(st.integers(0, len(body)))]
    if damage == "change" and body:
        position = draw(st.integers(0, len(body) - 1))
        return body[:position] + draw(st.binary(min_size=1, max_size=3)) + body[position + 1 :]
    if damage == "nest":
        return body.replace(b"null", draw(deep).encode())
    if damage == "exponent":
        return body.replace(b"1", b"1e999")
    return draw(st.binary(max_size=300)) if damage == "bytes" else body


headers = st.fixed_dictionaries(
    {},
    optional={
        "content-type": st.sampled_from(
            ["application/json", "text/plain", "text/plain;charset=x", "a/b", ";;"]
        ),
        "content-encoding": st.sampled_from(["identity", "br", "GZIP"]),
        "origin": st.sampled_from([PAGE, "null", "https://evil.org", "é"]).map(lambda name: name.encode()),
        "x-write-key": st.sampled_from([b"wrong", b"\xff\xfe", b""]),
    },
)


@pytest.fixture(scope="module")
def fuzzed(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    log = tmp_path_factory.mktemp("fuzzed") / "log"
    with running(module_database.settings, log, new_key(module_database)) as service:
        yield service
        assert "unexpected" not in log.read_text()


def send(service: Service, body: bytes, packed: int | None, more: dict[str, Any]) -> None:
    """One request; `packed` compresses the body and cuts so many bytes off its end."""
    if packed is not None:
        squeezed = gzip.compress(body)
        body, more = squeezed[: len(squeezed) - packed], more | {"content-encoding": "gzip"}
    answer = service.post(body, more)
    assert answer.status_code in DELIBERATE, (answer.status_code, body, more)
    content = answer.json()
    assert set(content) == ({"accepted", "rejected"} if answer.status_code == 202 else {"error"})


def resident_bytes(service: Service) -> int:
    [worker] = service.workers()
    pages = int(Path(f"/proc/{worker}/statm").read_text().split()[1])
    return pages * 4096


FUZZ = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SOAK = settings(max_examples=40_000, deadline=None, suppress_health_check=list(HealthCheck), database=None)
inputs = given(broken(), st.none() | st.integers(0, 12), st.just({}) | st.just({}) | headers)


@FUZZ
@inputs
def test_no_input_is_answered_with_an_error_of_ours(
    fuzzed: Service, body: bytes, packed: int | None, more: dict[str, Any]
) -> None:
    send(fuzzed, body, packed, more)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_no_input_of_very_many_is_answered_with_an_error_of_ours_or_makes_it_grow(
    fuzzed: Service, module_database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2000):
        send(fuzzed, b"[1]", None, {})
    before = resident_bytes(fuzzed)

    @SOAK
    @inputs
    def fuzz(body: bytes, packed: int | None, more: dict[str, Any]) -> None:
        send(fuzzed, body, packed, more)

    fuzz()
    grown = resident_bytes(fuzzed) - before
    assert grown < GROWTH_ALLOWED
    assert_everything_can_be_sealed(module_database, tmp_path)
    with capsys.disabled():
        sys.stdout.write(f"\n{SOAK.max_examples:,} requests made the worker grow by {grown // 1024:,} KiB.\n")


@pytest.mark.soak
@pytest.mark.timeout(120)
def test_bodies_that_dribble_are_given_up_while_others_are_served(fuzzed: Service) -> None:
    port = urlsplit(fuzzed.url).port
    head = (
        f"POST {EVENT_PATH} HTTP/1.1\r\nhost: x\r\nx-write-key: {fuzzed.key}\r\ncontent-length: 999\r\n\r\n"
    )
    before = resident_bytes(fuzzed)
    with ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60)) for _ in range(200)
        ]
        for connection in slow:
            connection.sendall(head.encode())
        for _ in range(int(MAX_BODY_SECONDS) - 5):
            for connection in slow:
                connection.sendall(b"[")
            send(fuzzed, b"[1]", None, {})
            time.sleep(1)
        for connection in slow:
            assert connection.recv(4096).startswith(b"HTTP/1.1 408 ")
    assert fuzzed.metric("held_bytes") == 0
    assert resident_bytes(fuzzed) - before < GROWTH_ALLOWED


def test_large_and_hostile_bodies_do_not_make_it_grow(fuzzed: Service) -> None:
    hostile = [
        b"[" * 2**20,
        b'{"a":' * 150_000,
        b"[" + b'"\\ud800",' * 100_000 + b"1]",
        b"[" + b"9" * 2**19 + b"]",
        b"[" + b",".join([b'{"eventType":"\\u0000"}'] * 1000) + b"]",
        b"[" + b",".join([b'{"metadata":' + b"[" * 400 + b"]" * 400 + b"}"] * 1000) + b"]",
    ]
    for body in hostile:
        send(fuzzed, body, None, {})
    before = resident_bytes(fuzzed)
    for _ in range(4):
        for body in hostile:
            send(fuzzed, body, None, {})
            send(fuzzed, body, 0, {})
    assert resident_bytes(fuzzed) - before < GROWTH_ALLOWED


def test_everything_that_was_accepted_can_be_sealed(
    fuzzed: Service, module_database: Database, tmp_path: Path
) -> None:
    send(
        fuzzed, json.dumps([{"eventType": "enroll", "createdAt": "2024-03-01T00:00:00Z"}]).encode(), None, {}
    )
    assert_everything_can_be_sealed(module_database, tmp_path)


def assert_everything_can_be_sealed(database: Database, folder: Path) -> None:
    with a_run(database, folder) as run:
        waiting = run.connection.execute("SELECT DISTINCT day FROM ingest.inbox").fetchall()
        days = [day for (day,) in waiting]
        assert days
        result = seal_days(run, days, report=lambda _: None)
        assert result.failures == {}
        assert set(result.sealed) == set(days)
        assert run.connection.execute("SELECT count(*) FROM ingest.inbox").fetchone() == (0,)
