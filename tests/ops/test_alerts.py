"""The alert rules: read by promtool, explained in the playbook, seen firing and resolving on real metrics."""

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from analytics_pipeline.audit.job_run import JobRun, RunStatus, Trigger
from analytics_pipeline.audit.store import upsert
from analytics_pipeline.settings import Settings
from tests.conftest import Database
from tests.inbox import put_batch
from tests.ingest.conftest import new_key
from tests.ingest.service import EVENT_PATH, environment
from tests.ops.prometheus import OURS, prometheus
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
RULES: list[dict[str, Any]] = yaml.safe_load((OURS / "alerts.yml").read_text())["groups"][0]["rules"]
ALERTS = {rule["alert"] for rule in RULES}
DOWN = {"AnalyticsServiceDown"}

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(hours=40)
RUN = JobRun(
    run_id="run-0",
    job="nightly",
    status=RunStatus.SUCCESS,
    trigger=Trigger.SCHEDULE,
    partition=None,
    queued_at=LONG_AGO,
    started_at=LONG_AGO,
    ended_at=LONG_AGO,
    error=None,
    counts={},
    updated_at=LONG_AGO,
)


@pytest.mark.parametrize(
    "command",
    [
        ("check", "rules", "alerts.yml"),
        ("check", "config", "scrape.yml"),
        ("test", "rules", "alerts_test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_is_content(command: tuple[str, ...], require_tool: Callable[[str], str]) -> None:
    done = subprocess.run(
        [require_tool("promtool"), *command], cwd=OURS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested_and_leads_to_its_section_of_the_playbook() -> None:
    tests = yaml.safe_load((OURS / "alerts_test.yml").read_text())["tests"]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == ALERTS
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == ALERTS
    playbook = (ROOT / "ops" / "playbook.md").read_text()
    assert re.findall(r"^## (Analytics\S+)$", playbook, re.MULTILINE) == [rule["alert"] for rule in RULES]
    for rule in RULES:
        assert rule["annotations"].keys() == {"summary", "description", "runbook"}
        assert rule["annotations"]["runbook"] == f"ops/playbook.md#{rule['alert'].lower()}"


@pytest.mark.timeout(600)
def test_each_alert_fires_and_resolves_on_the_metrics_of_the_real_services(
    database: Database, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    ports = {"analytics-ingest": free_port(), "analytics-admin": free_port()}
    changed = {"ingest_port": ports["analytics-ingest"], "admin_port": ports["analytics-admin"]}
    settings = database.settings.model_copy(update=changed)
    with prometheus(require_tool("prometheus"), tmp_path, ports) as watch:
        watch.wait_for(DOWN)
        with _serving(settings, "ingest", tmp_path), _serving(settings, "admin", tmp_path):
            watch.wait_for(set())
            _neglect(database)
            with _rubbish(settings, new_key(database)):
                watch.wait_for(ALERTS - DOWN)
            _repair(database)
            watch.wait_for(set())
        watch.wait_for(DOWN)


@contextmanager
def _serving(settings: Settings, service: str, folder: Path) -> Iterator[None]:
    with (folder / f"{service}.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", f"analytics_pipeline.{service}.serve"],
            env=environment(settings),
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        # Its worker ends with it.
        process.terminate()
        process.wait(timeout=60)


@contextmanager
def _rubbish(settings: Settings, key: str) -> Iterator[None]:
    """Within the block, a client sends what is no event, again and again."""
    enough = threading.Event()

    def send() -> None:
        url = f"http://127.0.0.1:{settings.ingest_port}{EVENT_PATH}"
        with httpx.Client(headers={"x-write-key": key}, timeout=60) as client:
            while not enough.wait(0.3):
                client.post(url, json={"events": [{"id": f"bad-{number}"} for number in range(50)]})

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        enough.set()
        sender.join()


def _neglect(database: Database) -> None:
    """A site on which nothing has gone well for two nights."""
    failed = replace(RUN, run_id="run-1", status=RunStatus.FAILED, ended_at=LONG_AGO + timedelta(hours=1))
    stuck = replace(RUN, run_id="run-2", status=RunStatus.STARTED, ended_at=None)
    queued = replace(RUN, run_id="run-3", status=RunStatus.QUEUED, started_at=None, ended_at=None)
    with database.connect("pipeline") as connection:
        upsert(connection, [RUN, failed, stuck, queued])
        connection.execute(
            "INSERT INTO analytics.publication_failure (day, message, run_id, failed_at)"
            " VALUES (%s, 'a check broke', 'run-1', %s)",
            [LONG_AGO.date(), LONG_AGO],
        )
    with database.connect("ingest") as connection:
        put_batch(connection, LONG_AGO.date(), LONG_AGO, 1, b"{}")


def _repair(database: Database) -> None:
    """The same site after a night that went through."""
    done = replace(RUN, ended_at=NOW, updated_at=NOW)
    with database.connect("pipeline") as connection:
        upsert(connection, [replace(done, run_id=f"run-{number}") for number in (2, 3)])
        connection.execute("DELETE FROM analytics.publication_failure")
        connection.execute("DELETE FROM ingest.inbox")
        connection.execute(
            "INSERT INTO analytics.lake_day (day, version, files, events, bytes, duplicates, learner_files,"
            " published_version) SELECT day, 1, '{}', 1, 1, 0, '{}', 1"
            " FROM generate_series(%s::date, %s::date, '1 day') AS day",
            [LONG_AGO.date(), NOW.date()],
        )
