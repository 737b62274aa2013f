"""Sending many events: everything once, in bounded requests, through what a network does."""

import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from analytics_pipeline.endpoint import EVENT_PATH, MAX_BODY_BYTES
from analytics_pipeline.importing.sender import TOO_LARGE, SendError, send
from analytics_pipeline.importing.source import WrongSourceError
from analytics_pipeline.ingest.keys import create_key
from tests.conftest import Database
from tests.ingest.service import COMMAND, environment, inbox
from tests.ports import free_port
from tests.scripted_endpoint import HANG_UP, Reply, scripted_endpoint
from tests.waiting import wait_until

KEY = "a-key"


def numbered(count: int) -> list[dict[str, Any]]:
    return [{"id": f"e-{number}"} for number in range(count)]


def test_every_event_is_sent_once_in_requests_of_the_size_asked_for() -> None:
    progress: list[int] = []
    mixed: list[dict[str, Any] | bytes] = [
        *numbered(700),
        *(b'{"id":"b-%d"}' % number for number in range(303)),
    ]
    with scripted_endpoint() as endpoint:
        summary = send(mixed, endpoint.url, KEY, batch=100, progress=progress.append)
    assert (summary.accepted, summary.rejected, summary.requests) == (1003, 0, 11)
    assert len({event["id"] for event in endpoint.events}) == len(endpoint.events) == 1003
    assert sorted(len(body["events"]) for body in endpoint.bodies) == [3] + [100] * 10
    assert {headers["x-write-key"] for headers in endpoint.headers} == {KEY}
    assert progress == sorted(progress)
    assert progress[-1] == 1003


def test_nothing_to_send_is_no_request() -> None:
    with scripted_endpoint() as endpoint:
        assert send([], endpoint.url, KEY).requests == 0
    assert endpoint.bodies == []


def test_rejections_are_summed_by_reason() -> None:
    def rejected(*reasons: str) -> list[dict[str, Any]]:
        return [{"index": index, "id": None, "reason": reason} for index, reason in enumerate(reasons)]

    script = [
        Reply(202, {"accepted": 8, "rejected": rejected("too old", "no course")}),
        Reply(202, {"accepted": 9, "rejected": rejected("too old")}),
    ]
    with scripted_endpoint(script) as endpoint:
        summary = send(numbered(20), endpoint.url, KEY, batch=10)
    assert (summary.accepted, summary.rejected) == (17, 3)
    assert summary.reasons == {"too old": 2, "no course": 1}


@pytest.mark.parametrize("reply", [Reply(503), Reply(500), Reply(429), Reply(408), HANG_UP])
def test_a_request_that_was_held_up_is_repeated_with_the_same_events(reply: Reply) -> None:
    with scripted_endpoint([reply, reply]) as endpoint:
        summary = send(numbered(5), endpoint.url, KEY)
    assert (summary.accepted, summary.requests) == (5, 1)
    assert endpoint.bodies == [endpoint.bodies[0]] * 3


def test_the_service_says_how_long_to_wait() -> None:
    with scripted_endpoint([Reply(429, headers={"Retry-After": "1"})]) as endpoint:
        started = time.monotonic()
        send(numbered(1), endpoint.url, KEY)
    assert time.monotonic() - started > 1


def test_a_refusal_ends_the_sending_with_the_service_s_own_sentence() -> None:
    unknown = Reply(401, {"error": "This write key does not exist or was revoked."})
    with scripted_endpoint([unknown]) as endpoint, pytest.raises(SendError, match="401 This write key"):
        send(numbered(1), endpoint.url, KEY)
    assert len(endpoint.bodies) == 1


def test_the_first_refusal_ends_it_however_many_events_there_are() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b'{"id":"e"}'

    with scripted_endpoint([Reply(401)] * 1000) as endpoint, pytest.raises(SendError):
        send(endless(), endpoint.url, KEY, batch=10)
    assert len(endpoint.bodies) < 50


@pytest.mark.parametrize("reply", [Reply(200, b"<html>"), Reply(202, b"<html>"), Reply(404)])
def test_another_service_at_the_address_is_told_from_ours(reply: Reply) -> None:
    with scripted_endpoint([reply]) as endpoint, pytest.raises(SendError, match=endpoint.url):
        send(numbered(1), endpoint.url, KEY)


def test_what_is_no_url_is_refused_at_once() -> None:
    with pytest.raises(SendError, match="is no URL of an ingest service"):
        send(numbered(1), "ftp://127.0.0.1", KEY)


def test_it_gives_up_when_nobody_answers_for_too_long() -> None:
    started = time.monotonic()
    with pytest.raises(SendError, match="took no events for 1 s"):
        send(numbered(10_000), f"http://127.0.0.1:{free_port()}", KEY, give_up_after=1)
    assert time.monotonic() - started < 5


def test_a_source_that_breaks_ends_the_sending_with_its_own_error() -> None:
    def breaking() -> Iterator[bytes]:
        yield from (b'{"id":"e"}' for _ in range(5000))
        raise WrongSourceError("the file ends midway")

    with scripted_endpoint() as endpoint, pytest.raises(WrongSourceError, match="midway"):
        send(breaking(), endpoint.url, KEY)


def test_long_events_make_smaller_requests_and_one_beyond_all_bounds_is_left_out() -> None:
    events = [{"id": f"e-{number}", "metadata": {"text": "x" * 8000}} for number in range(400)]
    huge = {"id": "huge", "metadata": {"text": "x" * MAX_BODY_BYTES}}
    with scripted_endpoint() as endpoint:
        summary = send([*events[:200], huge, *events[200:]], endpoint.url, KEY)
    assert summary.accepted == 400
    assert summary.reasons == {TOO_LARGE: 1}
    assert all(int(headers["content-length"]) <= MAX_BODY_BYTES for headers in endpoint.headers)
    assert 4 <= summary.requests <= 5


def test_only_a_few_requests_wait_while_the_service_is_slow() -> None:
    taken = 0

    def counted() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield b'{"id":"e"}'

    with scripted_endpoint() as endpoint:
        endpoint.may_answer.clear()
        sending = threading.Thread(target=send, args=(counted(), endpoint.url, KEY), kwargs={"batch": 10})
        sending.start()
        wait_until(lambda: len(endpoint.bodies) == 4, 30)
        time.sleep(0.2)
        assert taken <= 100
        endpoint.may_answer.set()
        sending.join()
    assert len(endpoint.events) == 1000


def test_a_full_url_may_be_given() -> None:
    with scripted_endpoint() as endpoint:
        assert send(numbered(1), endpoint.url + EVENT_PATH, KEY).accepted == 1


def test_a_service_that_is_killed_and_started_again_has_every_event(
    database: Database, tmp_path: Path
) -> None:
    with database.connect("pipeline") as connection:
        key = create_key(connection, "test")[1]
    settings = database.settings.model_copy(update={"ingest_port": free_port()})
    url = f"http://127.0.0.1:{settings.ingest_port}"
    half_sent = threading.Event()

    def events() -> Iterator[dict[str, Any]]:
        for number in range(20_000):
            if number == 10_000:
                half_sent.set()
            yield {
                "id": f"e-{number}",
                "eventType": "course_view",
                "courseId": "c",
                "createdAt": f"2024-05-{1 + number // 1000:02}T12:00:00Z",
            }

    def start() -> "subprocess.Popen[bytes]":
        log = (tmp_path / "log").open("ab")
        with log:
            return subprocess.Popen(COMMAND, env=environment(settings), stdout=log, stderr=log, cwd=tmp_path)

    def is_up() -> bool:
        try:
            return httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    summaries = []
    service = start()
    sending = threading.Thread(target=lambda: summaries.append(send(events(), url, key, batch=50)))
    try:
        wait_until(is_up, 30)
        sending.start()
        half_sent.wait(60)
        service.send_signal(signal.SIGKILL)
        service.wait()
        wait_until(lambda: not is_up(), 30)
        service = start()
        sending.join(120)
    finally:
        service.terminate()
        service.wait()
    assert [summary.accepted for summary in summaries] == [20_000]
    stored = [event["event_id"] for event in inbox(database.urls)]
    assert set(stored) == {f"e-{number}" for number in range(20_000)}
