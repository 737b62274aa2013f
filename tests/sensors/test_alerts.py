"""People are told once of what went wrong, and telling them never makes anything worse."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import dagster as dg
import pytest
from pydantic import SecretStr

from analytics_pipeline.audit.job_run import JobRun, RunStatus, Trigger
from analytics_pipeline.audit.store import upsert
from analytics_pipeline.days import DayRange
from resources import DatabaseResource
from sensors.alerts import alerts_sensor
from tests.dagster_site import FIRST, Site
from tests.ports import free_port

NOW = datetime.now(UTC)
FAILED = JobRun(
    run_id="0f3c9d52-run",
    job="nightly",
    status=RunStatus.FAILED,
    trigger=Trigger.CLI,
    partition="2024-03-04",
    queued_at=NOW,
    started_at=NOW,
    ended_at=NOW,
    error="raw_events: 1 day failed. 2024-03-04: its inbox cannot be read.",
    counts={},
    updated_at=NOW,
)
NIGHT = "nightly of 2024-03-05T02:00:00Z"


@dataclass
class Receiver:
    """What an address was sent."""

    url: str
    messages: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def receiver(port: int = 0) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            received.messages.append(json.loads(self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", port), Handler) as server:
        received = Receiver(f"json://127.0.0.1:{server.server_port}/secret-path")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield received
        finally:
            server.shutdown()
            thread.join()


class Ticks:
    """The sensor as the daemon calls it, with the cursor that it left."""

    def __init__(self, site: Site, instance: dg.DagsterInstance, urls: str | None) -> None:
        secret = None if urls is None else SecretStr(urls)
        self.sensor = alerts_sensor(site.settings.model_copy(update={"alert_urls": secret}))
        self._instance = instance
        self._cursor: str | None = None

    def tick(self) -> str | None:
        context = dg.build_sensor_context(
            instance=self._instance, cursor=self._cursor, resources={"database": DatabaseResource()}
        )
        data = self.sensor.evaluate_tick(context)
        self._cursor = data.cursor
        return data.skip_message


def _record(site: Site, *runs: JobRun) -> None:
    with site.database.connect("pipeline") as connection:
        upsert(connection, runs)


def test_a_failed_run_is_told_once_with_its_id_its_days_its_reason_and_where_to_look(site: Site) -> None:
    with site.instance() as instance, receiver() as address:
        ticks = Ticks(site, instance, address.url)
        assert ticks.sensor.default_status is dg.DefaultSensorStatus.RUNNING
        ticks.tick()
        site.deliver_garbage(FIRST)
        outcome = site.execute(DayRange(FIRST, FIRST))
        ticks.tick()
        ticks.tick()
    (message,) = address.messages
    assert message["title"] == "Learner analytics: a run failed"
    text = message["message"]
    assert outcome.error is not None
    for part in (outcome.run_id, f"Days: {FIRST}", outcome.error, f":3000/runs/{outcome.run_id}", "playbook"):
        assert part in text


def test_a_skipped_night_is_told_and_what_went_wrong_before_the_first_tick_is_not(site: Site) -> None:
    night = replace(
        FAILED, run_id=NIGHT, status=RunStatus.SKIPPED, partition=None, error="locked: run r in progress"
    )
    night = replace(night, trigger=Trigger.SCHEDULE)
    with site.instance() as instance, receiver() as address:
        _record(site, replace(FAILED, run_id="before"))
        ticks = Ticks(site, instance, address.url)
        ticks.tick()
        success = replace(FAILED, run_id="well", status=RunStatus.SUCCESS, error=None)
        _record(site, night, replace(night, run_id="given up", trigger=Trigger.CLI))
        _record(site, success, replace(FAILED, run_id="old", updated_at=NOW - timedelta(days=2)))
        assert ticks.tick() == "told of 1 runs, could not tell of 0"
    (message,) = address.messages
    assert message["title"] == "Learner analytics: a night was skipped"
    assert "locked: run r in progress" in message["message"]


def test_every_address_hears_of_it_although_others_do_not_answer_and_no_log_holds_an_address(
    site: Site, capfd: pytest.CaptureFixture[str]
) -> None:
    dead = f"json://user:password@127.0.0.1:{free_port()}/secret-path"
    with site.instance() as instance, receiver() as one, receiver() as other:
        ticks = Ticks(site, instance, f"{dead} {one.url}, nonsense://secret-path,{other.url}")
        ticks.tick()
        _record(site, FAILED)
        assert ticks.tick() == "told of 1 runs, could not tell of 0"
    assert len(one.messages) == len(other.messages) == 1
    said = "".join(capfd.readouterr())
    assert "Address 1 of 4 in ANALYTICS_ALERT_URLS did not take the message." in said
    assert "Address 3 of 4 in ANALYTICS_ALERT_URLS is none that Apprise knows" in said
    assert not [secret for secret in ("secret-path", "password", "127.0.0.1") if secret in said]


def test_a_message_that_nobody_took_is_sent_again(site: Site) -> None:
    port = free_port()
    with site.instance() as instance:
        ticks = Ticks(site, instance, f"json://127.0.0.1:{port}/")
        ticks.tick()
        _record(site, FAILED)
        assert ticks.tick() == "told of 0 runs, could not tell of 1"
        with receiver(port) as address:
            assert ticks.tick() == "told of 1 runs, could not tell of 0"
            ticks.tick()
    assert len(address.messages) == 1


def test_without_an_address_the_sensor_is_off_and_sends_nothing(site: Site) -> None:
    with site.instance() as instance:
        ticks = Ticks(site, instance, None)
        assert ticks.sensor.default_status is dg.DefaultSensorStatus.STOPPED
        ticks.tick()
        _record(site, FAILED)
        assert ticks.tick() == "told of 0 runs, could not tell of 1"
