"""The database goes away and comes back: nothing is acknowledged meanwhile, nothing acknowledged is lost."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.database.migrate import migrate
from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.ingest.keys import create_key
from analytics_pipeline.settings import Settings
from tests.conftest import Database
from tests.ingest.batches import wire
from tests.ingest.conftest import StartService, new_key
from tests.ingest.service import Service, inbox, running
from tests.ports import free_port
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmbeddedServer, Settings]]:
    """A PostgreSQL that tests may kill, and must leave running."""
    settings = Settings(home=tmp_path_factory.mktemp("own"))
    server = EmbeddedServer(settings.home)
    migrate(settings)
    yield server, settings
    server.remove()


def ready(service: Service) -> bool:
    return service.get("/readyz").status_code == 200


def kill_postmaster(url: str) -> None:
    """SIGKILL to the postmaster; its children notice and end."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_setting('data_directory')").fetchone()
    assert row is not None
    postmaster = int((Path(row[0]) / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)


def test_postgres_is_killed_under_load_and_comes_back(
    own_server: tuple[EmbeddedServer, Settings], tmp_path: Path
) -> None:
    server, settings = own_server
    urls = database_urls(settings)
    with psycopg.connect(urls.pipeline) as connection:
        key = create_key(connection, "test")[1]
    acknowledged: set[str] = set()
    statuses: set[int] = set()
    stop = threading.Event()
    with running(settings, tmp_path / "log", key) as service:

        def send() -> None:
            with httpx.Client(timeout=30) as client:
                while not stop.is_set():
                    ids = [uuid4().hex for _ in range(10)]
                    body = [wire(datetime.now(UTC), id=one) for one in ids]
                    headers = {"x-write-key": key}
                    answer = client.post(f"{service.url}/api/analytics/event", json=body, headers=headers)
                    statuses.add(answer.status_code)
                    if answer.status_code == 202:
                        acknowledged.update(ids)
                    else:
                        assert int(answer.headers["retry-after"]) >= 1
                        time.sleep(0.05)

        senders = [threading.Thread(target=send) for _ in range(4)]
        for sender in senders:
            sender.start()
        wait_until(lambda: len(acknowledged) > 200, 30)
        kill_postmaster(server.owner_url)
        wait_until(lambda: 503 in statuses, 30)
        assert service.get("/readyz").json() == {"ready": False, "away": ["database"]}
        assert service.get("/healthz").status_code == 200
        before = len(acknowledged)
        server.start()
        wait_until(lambda: len(acknowledged) > before + 200, 30)
        assert ready(service)
        stop.set()
        for sender in senders:
            sender.join()
        assert service.stop() == 0
    assert statuses == {202, 503}
    assert acknowledged <= {line["event_id"] for line in inbox(database_urls(settings))}
    events = [line.split('"event": "')[1].split('"')[0] for line in service.log.read_text().splitlines()]
    for once in ("database_away", "database_back", "commits_fail", "commits_resume"):
        assert events.count(once) == 1


def test_it_starts_while_the_database_is_away_and_serves_when_it_is_there(
    own_server: tuple[EmbeddedServer, Settings], tmp_path: Path
) -> None:
    server, settings = own_server
    with psycopg.connect(database_urls(settings).pipeline) as connection:
        key = create_key(connection, "test")[1]
    stored = len(inbox(database_urls(settings)))
    server.stop()
    with running(settings, tmp_path / "log", key) as service:
        assert service.get("/readyz").status_code == 503
        refused = service.post([wire(datetime.now(UTC))])
        assert (refused.status_code, int(refused.headers["retry-after"]) >= 1) == (503, True)
        server.start()
        wait_until(lambda: ready(service), 10)
        assert service.post([wire(datetime.now(UTC))]).status_code == 202
    assert len(inbox(database_urls(settings))) == stored + 1


def test_a_port_where_nobody_answers_is_an_outage_too(database: Database, tmp_path: Path) -> None:
    key = new_key(database)
    with closing(socket.socket()) as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        url = database.urls.ingest.rpartition("@")[0] + f"@127.0.0.1:{deaf.getsockname()[1]}/nowhere"
        settings = database.settings.model_copy(update={"ingest_database_url": SecretStr(url)})
        with running(settings, tmp_path / "log", key) as service:
            started = time.monotonic()
            assert service.post([wire(datetime.now(UTC))]).status_code == 503
            assert time.monotonic() - started < 10
            assert service.get("/healthz").status_code == 200


def test_sessions_that_are_ended_are_made_anew(start_service: StartService, database: Database) -> None:
    service = start_service()
    for _ in range(3):
        assert service.post([wire(datetime.now(UTC))]).status_code == 202
        with database.connect("owner") as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'analytics_ingest' AND datname = current_database()"
            )
        wait_until(lambda: service.post([wire(datetime.now(UTC))]).status_code == 202, 5)


def test_a_commit_that_hangs_is_given_up_and_not_acknowledged(
    start_service: StartService, database: Database
) -> None:
    service = start_service()
    with database.connect("owner", autocommit=False) as connection:
        connection.execute("LOCK TABLE ingest.inbox IN EXCLUSIVE MODE")
        assert service.post([wire(datetime.now(UTC))]).status_code == 503
        connection.rollback()
    assert service.post([wire(datetime.now(UTC))]).status_code == 202
    assert len(inbox(database.urls)) == 1


def test_more_bytes_than_it_may_hold_are_refused_and_taken_again_later(
    start_service: StartService, database: Database
) -> None:
    service = start_service(ingest_bytes_in_flight=4 * 2**20)
    body = [wire(datetime.now(UTC), id=uuid4().hex, metadata={"x": "y" * 8000}) for _ in range(100)]
    answers: list[httpx.Response] = []

    def send() -> None:
        with httpx.Client(timeout=30) as client:
            headers = {"x-write-key": str(service.key)}
            answers.append(client.post(f"{service.url}/api/analytics/event", json=body, headers=headers))

    with database.connect("owner", autocommit=False) as connection:
        connection.execute("LOCK TABLE ingest.inbox IN EXCLUSIVE MODE")
        senders = [threading.Thread(target=send) for _ in range(12)]
        for sender in senders:
            sender.start()
        wait_until(lambda: len(answers) >= 7, 30)
        assert {answer.status_code for answer in answers} == {503}
        assert all(answer.headers["retry-after"] == "1" for answer in answers)
        assert service.metric("held_bytes") <= 4 * 2**20
        connection.rollback()
    for sender in senders:
        sender.join()
    assert [answer.status_code for answer in answers].count(202) == 5
    assert service.post(body).status_code == 202
    assert service.metric("held_bytes") == 0


def test_a_port_nobody_listens_on_is_an_outage(database: Database, tmp_path: Path) -> None:
    url = database.urls.ingest.rpartition("@")[0] + f"@127.0.0.1:{free_port()}/nowhere"
    settings = database.settings.model_copy(update={"ingest_database_url": SecretStr(url)})
    with running(settings, tmp_path / "log", "any") as service:
        assert service.post([wire(datetime.now(UTC))]).status_code == 503
        assert service.get("/readyz").json()["away"] == ["database"]
