"""The service as a supervisor sees it: it starts or says why not, and ends cleanly."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from analytics_pipeline.settings import Settings
from tests.conftest import Database
from tests.ingest.batches import wire
from tests.ingest.conftest import PAGE, StartService, new_key
from tests.ingest.service import COMMAND, Service, environment, inbox
from tests.ports import free_port
from tests.waiting import wait_until


def refuses_to_start(variables: dict[str, str], folder: Path) -> str:
    """What the service says before it exits with an error; fails when it starts."""
    ended = subprocess.run(
        COMMAND, env=variables, capture_output=True, text=True, timeout=30, cwd=folder, check=False
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    [sentence] = [line for line in ended.stderr.splitlines() if line]
    assert sentence.startswith("The ingest service cannot start: ")
    return sentence


def test_a_port_that_is_taken_is_named(database: Database, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = database.settings.model_copy(update={"ingest_port": port})
        assert f"127.0.0.1:{port}" in refuses_to_start(environment(settings), tmp_path)


def test_a_second_service_does_not_share_the_port_of_the_first(
    door: Service, shared_database: Database, tmp_path: Path
) -> None:
    port = httpx.URL(door.url).port
    settings = shared_database.settings.model_copy(update={"ingest_port": port})
    assert "ANALYTICS_INGEST_PORT" in refuses_to_start(environment(settings), tmp_path)


def test_a_home_without_a_database_says_what_to_do(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", ingest_port=free_port())
    assert "analytics migrate" in refuses_to_start(environment(settings), tmp_path)


def test_a_database_that_was_never_migrated_says_what_to_do(database: Database, tmp_path: Path) -> None:
    with database.connect("owner") as connection:
        connection.execute("DROP TABLE analytics.site")
    settings = database.settings.model_copy(update={"ingest_port": free_port()})
    assert "analytics migrate" in refuses_to_start(environment(settings), tmp_path)


def test_another_time_zone_than_the_stored_days_have_is_refused(database: Database, tmp_path: Path) -> None:
    changed = {"ingest_port": free_port(), "timezone": "Asia/Tokyo"}
    settings = database.settings.model_copy(update=changed)
    sentence = refuses_to_start(environment(settings), tmp_path)
    assert "Asia/Tokyo" in sentence
    assert "UTC" in sentence


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANALYTICS_INGEST_PORT", "eighty"),
        ("ANALYTICS_TIMEZONE", "Mars/Base"),
        ("ANALYTICS_PSEUDONYM_KEY", "short"),
        ("ANALYTICS_INGEST_WORKERS", "0"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, name: str, value: str) -> None:
    variables = environment(Settings(home=tmp_path)) | {name: value}
    assert name in refuses_to_start(variables, tmp_path)


def test_a_home_that_cannot_be_written_is_named(database: Database, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    changed = {
        "home": tmp_path / "file",
        "ingest_port": free_port(),
        "ingest_database_url": SecretStr(database.urls.ingest),
        "database_url": SecretStr(database.urls.owner),
    }
    for role in ("pipeline", "admin", "dagster"):
        changed[f"{role}_database_url"] = SecretStr(getattr(database.urls, role))
    settings = database.settings.model_copy(update=changed)
    assert "ANALYTICS_HOME" in refuses_to_start(environment(settings), tmp_path)


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_and_leaves_no_worker(
    start_service: StartService, stop_signal: signal.Signals
) -> None:
    service = start_service(ingest_workers=2)
    workers = service.workers()
    assert len(workers) == 2
    assert service.stop(stop_signal) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def test_what_is_in_flight_when_it_stops_is_answered_and_what_was_acknowledged_is_stored(
    start_service: StartService, database: Database
) -> None:
    service = start_service()
    acknowledged: set[str] = set()
    lost: list[httpx.Response] = []

    def send_until_it_stops() -> None:
        with httpx.Client(timeout=30) as client:
            while True:
                ids = [uuid4().hex for _ in range(20)]
                body = [wire(datetime.now(UTC), id=one) for one in ids]
                try:
                    answer = client.post(
                        f"{service.url}/api/analytics/event",
                        json=body,
                        headers={"x-write-key": str(service.key)},
                    )
                except httpx.TransportError:
                    return
                if answer.status_code == 202:
                    acknowledged.update(ids)
                else:
                    lost.append(answer)

    threads = [threading.Thread(target=send_until_it_stops) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(acknowledged) > 2000, 30)
    assert service.stop() == 0
    for thread in threads:
        thread.join()
    assert lost == []
    assert acknowledged <= {line["event_id"] for line in inbox(database.urls)}


def test_a_request_that_waits_for_its_commit_is_answered_when_the_service_stops(
    start_service: StartService, database: Database
) -> None:
    service = start_service()
    answers: list[int] = []
    with database.connect("owner", autocommit=False) as connection:
        connection.execute("LOCK TABLE ingest.inbox IN EXCLUSIVE MODE")
        sender = threading.Thread(
            target=lambda: answers.append(service.post([wire(datetime.now(UTC))]).status_code)
        )
        sender.start()
        time.sleep(1.0)
        service.process.send_signal(signal.SIGTERM)
        time.sleep(1.0)
        assert answers == []
        connection.rollback()
    sender.join()
    assert service.process.wait(timeout=30) == 0
    assert answers == [202]
    assert len(inbox(database.urls)) == 1


def test_several_workers_share_the_port_and_their_metrics_add_up(start_service: StartService) -> None:
    service = start_service(ingest_workers=3)
    for _ in range(60):
        with httpx.Client() as client:
            body = [wire(datetime.now(UTC), id=uuid4().hex)]
            headers = {"x-write-key": str(service.key)}
            assert (
                client.post(f"{service.url}/api/analytics/event", json=body, headers=headers).status_code
                == 202
            )
    assert service.metric("events_accepted_total") == 60
    assert service.metric('requests_total{status="202"}') == 60


def test_a_worker_that_is_killed_comes_back_and_its_counts_stay(start_service: StartService) -> None:
    service = start_service(ingest_workers=1)
    assert service.post([wire(datetime.now(UTC))]).status_code == 202
    [worker] = service.workers()
    time.sleep(0.5)
    _kill(worker)
    wait_until(lambda: service.workers() not in ([], [worker]), 30)
    wait_until(lambda: _posts(service.url, str(service.key)), 30)
    assert service.metric("events_accepted_total") >= 2
    assert service.stop() == 0


def test_workers_end_when_their_parent_was_killed(start_service: StartService) -> None:
    service = start_service(ingest_workers=2)
    workers = service.workers()
    _kill(service.process.pid)
    service.process.wait()
    wait_until(lambda: not any(_runs(pid) for pid in workers), 10)


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def _runs(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def _posts(url: str, key: str) -> bool:
    body = [wire(datetime.now(UTC), id=uuid4().hex)]
    try:
        answer = httpx.post(f"{url}/api/analytics/event", json=body, headers={"x-write-key": key})
    except httpx.TransportError:
        return False
    return answer.status_code == 202


def test_logs_are_json_and_hold_no_learner_no_key_and_no_body(
    start_service: StartService, database: Database
) -> None:
    service = start_service()
    learner, course, wrong_key = "anna@example.org", "secret-course", "wrong-key-1234"
    now = datetime.now(UTC)
    assert service.post([wire(now, userId=learner, courseId=course)]).status_code == 202
    assert service.post([wire(now, userId=learner, courseId=course, lessonIdx=-1)]).status_code == 202
    assert service.post(f'[{{"userId": "{learner}", '.encode()).status_code == 400
    assert service.post([wire(now)], {"x-write-key": wrong_key}).status_code == 401
    assert service.post([wire(now)], query=f"?key={wrong_key}").status_code == 401
    page_key = new_key(database, PAGE)
    assert (
        service.post([wire(now)], {"x-write-key": page_key, "origin": "https://evil.org"}).status_code == 403
    )
    with database.connect("owner") as connection:
        connection.execute("ALTER TABLE ingest.inbox ADD CONSTRAINT refuse CHECK (events < 0) NOT VALID")
    assert service.post([wire(now, userId=learner, courseId=course)]).status_code == 503
    assert service.stop() == 0
    text = service.log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert {"refused", "commits_fail"} <= {line["event"] for line in lines}
    for secret in (learner, course, wrong_key, page_key, str(service.key), "learner-1"):
        assert secret not in text
