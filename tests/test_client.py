"""The server client: never in the way, and nothing lost or doubled that it has taken."""

import logging
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from analytics_pipeline.client import AnalyticsClient
from analytics_pipeline.events import EventType
from analytics_pipeline.ingest.keys import create_key
from analytics_pipeline.outbox import Counts
from tests.conftest import Database
from tests.ingest.service import inbox, running
from tests.ports import free_port
from tests.scripted_endpoint import HANG_UP, Endpoint, Reply, scripted_endpoint
from tests.waiting import wait_until

KEY = "a-key"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with scripted_endpoint() as endpoint:
        yield endpoint


def client_of(endpoint: Endpoint, *, capacity: int = 1000, batch: int = 100) -> AnalyticsClient:
    return AnalyticsClient(endpoint.url, KEY, capacity=capacity, batch=batch, longest_wait=0.05)


def enroll(client: AnalyticsClient, number: int = 1) -> str | None:
    return client.track(EventType.ENROLL, user_id=f"u-{number}", course_id="c")


def test_a_tracked_event_arrives_with_an_id_the_moment_and_the_sender_s_clock(endpoint: Endpoint) -> None:
    with client_of(endpoint) as client:
        metadata = {"orderId": "o-1", "amount": Decimal("49.00"), "currency": "EUR"}
        event_id = client.track(EventType.PURCHASE, user_id="u", course_id="c", metadata=metadata)
    (event,) = endpoint.events
    created_at = datetime.fromisoformat(event.pop("createdAt"))
    assert abs(datetime.now(UTC) - created_at) < timedelta(seconds=30)
    assert created_at <= datetime.fromisoformat(endpoint.bodies[0]["sentAt"])
    assert event == {
        "id": event_id,
        "eventType": "purchase",
        "userId": "u",
        "courseId": "c",
        "metadata": {"orderId": "o-1", "amount": "49.00", "currency": "EUR"},
    }
    assert str(UUID(event_id)) == event_id
    assert client.counts == Counts(accepted=1, rejected=0, dropped=0, pending=0)


def test_the_caller_may_give_the_id_and_the_time(endpoint: Endpoint) -> None:
    at = datetime(2024, 5, 1, 12, tzinfo=UTC)
    with client_of(endpoint) as client:
        client.track(EventType.COMPLETE, course_id="c", created_at=at, event_id="order-17")
    assert endpoint.events[0]["id"] == "order-17"
    assert endpoint.events[0]["createdAt"] == "2024-05-01T12:00:00Z"


def test_events_leave_in_order_and_many_in_a_request(endpoint: Endpoint) -> None:
    with client_of(endpoint, batch=50) as client:
        for number in range(200):
            enroll(client, number)
    assert [event["userId"] for event in endpoint.events] == [f"u-{number}" for number in range(200)]
    assert len(endpoint.bodies) <= 10


def test_events_of_many_threads_arrive_once_each(endpoint: Endpoint) -> None:
    with client_of(endpoint, capacity=10_000) as client:

        def track_many(thread: int) -> None:
            for number in range(200):
                client.track(EventType.COURSE_VIEW, course_id="c", event_id=f"{thread}-{number}")

        threads = [threading.Thread(target=track_many, args=(thread,)) for thread in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert client.flush(20)
    ids = Counter(event["id"] for event in endpoint.events)
    assert len(ids) == ids.total() == 1600


def test_tracking_waits_for_nobody_while_the_service_does_not_answer(endpoint: Endpoint) -> None:
    endpoint.may_answer.clear()
    with client_of(endpoint) as client:
        enroll(client)
        wait_until(lambda: len(endpoint.bodies) == 1, 30)
        started = time.monotonic()
        for number in range(500):
            enroll(client, number)
        assert time.monotonic() - started < 1
        assert client.flush(0.1) is False
        endpoint.may_answer.set()
        assert client.flush(20) is True
    assert len(endpoint.events) == 501


@pytest.mark.parametrize("reply", [Reply(503), Reply(500), Reply(429), HANG_UP])
def test_what_was_held_up_is_sent_again_with_the_same_ids(endpoint: Endpoint, reply: Reply) -> None:
    endpoint.script[:] = [reply, reply]
    with client_of(endpoint) as client:
        enroll(client)
        assert client.flush(20)
        assert client.counts.accepted == 1
    assert [body["events"] for body in endpoint.bodies] == [endpoint.bodies[0]["events"]] * 3


def test_the_service_says_how_long_to_wait(endpoint: Endpoint) -> None:
    endpoint.script[:] = [Reply(429, headers={"Retry-After": "1"})]
    started = time.monotonic()
    with client_of(endpoint) as client:
        enroll(client)
        assert client.flush(20)
    assert time.monotonic() - started > 1


def test_a_rejected_event_is_given_up_and_said_without_naming_anybody(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    rejection = {"index": 0, "id": "mine", "reason": "too_old"}
    endpoint.script[:] = [Reply(202, {"accepted": 0, "rejected": [rejection]})]
    with client_of(endpoint) as client:
        client.track(EventType.ENROLL, user_id="secret-learner", course_id="c", event_id="mine")
        assert client.flush(20)
        assert client.counts == Counts(accepted=0, rejected=1, dropped=0, pending=0)
    assert len(endpoint.bodies) == 1
    assert "1 events were rejected: too_old." in caplog.messages
    assert "secret-learner" not in caplog.text
    assert "mine" not in caplog.text


def test_a_refused_request_is_given_up_and_the_next_one_is_tried(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.script[:] = [Reply(401, {"error": "This write key does not exist or was revoked."})]
    with client_of(endpoint) as client:
        enroll(client)
        assert client.flush(20)
        enroll(client)
        assert client.flush(20)
        assert client.counts == Counts(accepted=1, rejected=1, dropped=0, pending=0)
    assert "401 This write key does not exist or was revoked." in caplog.text


def test_a_full_queue_takes_no_more_and_counts_what_it_dropped(endpoint: Endpoint) -> None:
    endpoint.may_answer.clear()
    with client_of(endpoint, capacity=10) as client:
        taken = [enroll(client, number) for number in range(15)]
        assert taken[10:] == [None] * 5
        assert client.counts == Counts(accepted=0, rejected=0, dropped=5, pending=10)
        endpoint.may_answer.set()
        assert client.flush(20)
        assert enroll(client) is not None
    assert len(endpoint.events) == 11


def test_what_is_no_event_is_not_taken_and_does_not_disturb_the_caller(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    with client_of(endpoint) as client:
        assert client.track(EventType.ENROLL, metadata={"what": object()}) is None
        assert client.track(EventType.ENROLL, user_id="\ud800") is None
        assert client.counts.rejected == 2
    assert endpoint.bodies == []
    assert caplog.text.count("is not sent") == 2


def test_a_closed_client_takes_nothing_and_may_be_closed_again(endpoint: Endpoint) -> None:
    client = client_of(endpoint)
    enroll(client)
    assert client.close() is True
    assert enroll(client) is None
    assert client.close() is True
    assert client.counts == Counts(accepted=1, rejected=0, dropped=1, pending=0)


def test_closing_gives_up_in_time_when_the_service_is_away_and_says_how_much_is_lost(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = AnalyticsClient(f"http://127.0.0.1:{free_port()}", KEY)
    for number in range(3):
        enroll(client, number)
    started = time.monotonic()
    assert client.close(0.5) is False
    assert time.monotonic() - started < 3
    assert client.counts == Counts(accepted=0, rejected=0, dropped=3, pending=0)
    assert "3 events are lost" in caplog.text
    assert any(record.levelno == logging.WARNING for record in caplog.records)


def test_wrong_ways_to_make_a_client_are_told_at_once() -> None:
    with pytest.raises(ValueError, match="1 to 1000"):
        AnalyticsClient("http://127.0.0.1:8000", KEY, batch=1001)
    with pytest.raises(ValueError, match="ASCII"):
        AnalyticsClient("http://127.0.0.1:8000", "schlüssel")


FORGETS_TO_CLOSE = """
from analytics_pipeline.client import AnalyticsClient
from analytics_pipeline.events import EventType
client = AnalyticsClient({url!r}, "a-key", longest_wait=60)
client.track(EventType.ENROLL, course_id="c", event_id="last-words")
"""

FORKS = """
import os
from analytics_pipeline.client import AnalyticsClient
from analytics_pipeline.events import EventType
client = AnalyticsClient({url!r}, "a-key", longest_wait=0.01)
client.track(EventType.ENROLL, course_id="c", event_id="before")
client.flush()
client.track(EventType.ENROLL, course_id="c", event_id="by-parent")
child = os.fork()
client.track(EventType.ENROLL, course_id="c", event_id="child" if child == 0 else "parent")
client.close()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
"""


@pytest.mark.parametrize(
    ("program", "ids"),
    [(FORGETS_TO_CLOSE, ["last-words"]), (FORKS, ["before", "by-parent", "child", "parent"])],
)
def test_a_process_that_ends_or_forks_loses_and_doubles_nothing(
    endpoint: Endpoint, program: str, ids: list[str]
) -> None:
    subprocess.run([sys.executable, "-c", program.format(url=endpoint.url)], check=True, timeout=60)
    assert sorted(event["id"] for event in endpoint.events) == ids


def test_the_real_service_stores_what_was_tracked(database: Database, tmp_path: Path) -> None:
    with database.connect("pipeline") as connection:
        key = create_key(connection, "backend")[1]
    settings = database.settings
    with running(settings, tmp_path / "log") as service, AnalyticsClient(service.url, key) as client:
        client.track(EventType.ENROLL, user_id="u", course_id="c", event_id="known")
        client.track(EventType.LESSON_VIEWED, user_id="u", course_id="c")
        assert client.flush(30)
        assert client.counts == Counts(accepted=1, rejected=1, dropped=0, pending=0)
    assert [event["event_id"] for event in inbox(database.urls)] == ["known"]
