"""The log of runs as the API and the command line answer it: filters, pages, words."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from analytics_pipeline.audit.job_run import JobRun, RunStatus, Trigger
from analytics_pipeline.audit.store import upsert
from analytics_pipeline.cli import main
from tests.conftest import Database

RUNS = "/api/admin/analytics/runs"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN = JobRun(
    run_id="run-0",
    job="nightly",
    status=RunStatus.SUCCESS,
    trigger=Trigger.SCHEDULE,
    partition="2026-02-28",
    queued_at=NOON,
    started_at=NOON + timedelta(seconds=1),
    ended_at=NOON + timedelta(seconds=3),
    error=None,
    counts={"days": 1, "events": 12},
    updated_at=NOON,
)
LOG = [
    RUN,
    replace(RUN, run_id="run-1", queued_at=NOON + timedelta(days=1), status=RunStatus.FAILED, error="bad"),
    replace(RUN, run_id="run-2", queued_at=NOON + timedelta(days=1), trigger=Trigger.CLI),
    replace(
        RUN,
        run_id="run-3",
        queued_at=NOON + timedelta(days=2),
        status=RunStatus.QUEUED,
        started_at=None,
        ended_at=None,
    ),
]


@pytest.fixture
def log(pipeline: psycopg.Connection) -> list[JobRun]:
    upsert(pipeline, LOG)
    return LOG


def _ids(client: httpx.Client, **parameters: Any) -> list[str]:
    answer = client.get(RUNS, params=parameters)
    assert answer.status_code == 200, answer.text
    return [run["runId"] for run in answer.json()["runs"]]


def test_a_run_is_answered_with_its_status_duration_days_trigger_and_counts(
    client: httpx.Client, pipeline: psycopg.Connection
) -> None:
    upsert(pipeline, [RUN])
    answer = client.get(RUNS).json()
    assert answer.pop("provenance")["asOf"] is None
    assert answer == {
        "runs": [
            {
                "action": "ANALYTICS_JOB_RUN",
                "runId": "run-0",
                "job": "nightly",
                "status": "SUCCESS",
                "trigger": "schedule",
                "partition": "2026-02-28",
                "queuedAt": "2026-03-01T12:00:00Z",
                "startedAt": "2026-03-01T12:00:01Z",
                "endedAt": "2026-03-01T12:00:03Z",
                "durationMs": 2000,
                "error": None,
                "counts": {"days": 1, "events": 12},
            }
        ],
        "nextCursor": None,
    }


@pytest.mark.usefixtures("log")
def test_runs_are_selected_by_status_trigger_and_the_days_they_were_asked_for_on(
    client: httpx.Client,
) -> None:
    assert _ids(client) == ["run-3", "run-2", "run-1", "run-0"]
    assert _ids(client, status=["FAILED", "QUEUED"]) == ["run-3", "run-1"]
    assert _ids(client, trigger="cli") == ["run-2"]
    assert _ids(client, **{"from": "2026-03-02", "to": "2026-03-02"}) == ["run-2", "run-1"]
    assert _ids(client, to="2026-03-01") == ["run-0"]


@pytest.mark.usefixtures("log")
def test_pages_hold_every_run_once_also_those_of_one_instant(client: httpx.Client) -> None:
    found, cursor = [], None
    while True:
        page = client.get(RUNS, params={"limit": 1, **({"cursor": cursor} if cursor else {})}).json()
        found += [run["runId"] for run in page["runs"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert found == ["run-3", "run-2", "run-1", "run-0"]


@pytest.mark.parametrize(
    "parameters",
    [{"status": "DONE"}, {"trigger": "cron"}, {"cursor": "x"}, {"from": "yesterday"}, {"limit": 0}],
)
def test_a_filter_that_cannot_be_used_is_refused_with_a_sentence(
    client: httpx.Client, parameters: dict[str, str]
) -> None:
    answer = client.get(RUNS, params=parameters)
    assert answer.status_code == 422
    assert answer.json()["detail"].endswith(".")


def test_nobody_without_a_token_reads_the_log(anonymous: httpx.Client) -> None:
    assert anonymous.get(RUNS).status_code == 401


@pytest.mark.usefixtures("log")
def test_the_command_line_answers_as_the_api_does(
    database: Database,
    client: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in database.settings.as_environment().items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main(["runs", "--status", "failed", "--status", "success", "--to", "2026-03-02", "--json"])
    assert ended.value.code == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer == client.get(RUNS, params={"status": ["FAILED", "SUCCESS"]}).json()
    with pytest.raises(SystemExit):
        main(["runs", "--from", str(date(2026, 3, 2)), "--trigger", "schedule"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[1] for line in lines] == ["status", "QUEUED", "FAILED"]
    assert lines[2].endswith("\trun-1\tbad")
