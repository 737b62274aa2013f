"""The lines of JSON that every run leaves in the log of its process."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from analytics_pipeline.days import DayRange
from sensors.jobs import range_tags
from sensors.launch import main
from sensors.run_lines import run_line
from tests.dagster_site import FIRST, Site

DAYS = DayRange(FIRST, FIRST + timedelta(days=1))
START = datetime(2026, 3, 1, 2, tzinfo=UTC)


def _lines(errors: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in errors.splitlines() if line.startswith("{")]


def test_a_launch_leaves_a_line_at_its_start_and_its_end_beside_its_one_line_of_output(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.deliver(list(DAYS))
    assert main(["--from", str(DAYS.first), "--to", str(DAYS.last), "--json"]) == 0
    output, errors = capsys.readouterr()
    answer = json.loads(output)
    started, ended = _lines(errors)
    assert (started["job"], started["status"], started["level"]) == ("analytics", "STARTED", "info")
    assert (ended["job"], ended["status"], ended["partition"]) == ("analytics", "SUCCESS", str(DAYS))
    assert started["runId"] == ended["runId"] == answer["runId"]
    assert ended["durationMs"] == pytest.approx(answer["durationMs"], abs=500)


def test_a_launch_that_fails_says_so_in_its_last_line(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.deliver_garbage(FIRST)
    assert main(["--from", str(FIRST), "--to", str(FIRST)]) == 1
    ended = _lines(capsys.readouterr().err)[-1]
    assert (ended["status"], ended["level"], ended["durationMs"] > 0) == ("FAILED", "error", True)


def test_the_duration_is_from_start_to_end_and_unknown_without_a_start() -> None:
    tags, at = range_tags(DAYS), START.timestamp()
    assert run_line(dg.DagsterEventType.RUN_START, "a", tags, at) == {
        "job": "analytics",
        "runId": "a",
        "partition": str(DAYS),
        "status": "STARTED",
        "startedAt": START.isoformat(),
    }
    ended = run_line(dg.DagsterEventType.RUN_SUCCESS, "a", tags, at + 1.25)
    assert ended is not None
    assert ended["durationMs"] == 1250
    cancelled = run_line(dg.DagsterEventType.RUN_CANCELED, "a", {}, at)
    assert cancelled == {"job": "analytics", "runId": "a", "status": "CANCELED", "durationMs": None}


def test_other_events_leave_no_line() -> None:
    assert run_line(dg.DagsterEventType.STEP_START, "a", {}, 0.0) is None
