"""A launch from the command line: what it prints, how it ends, and what it refuses."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from analytics_pipeline.database.turn import hold_turn
from analytics_pipeline.days import DayRange
from sensors.launch import main
from tests.dagster_site import FIRST, Site, record_run_under_way

LAST = FIRST + timedelta(days=1)
ANALYTICS = str(Path(sys.executable).with_name("analytics"))
RANGE = ["--from", str(FIRST), "--to", str(LAST)]


def test_a_launch_says_on_one_line_of_json_how_it_went(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.deliver(list(DayRange(FIRST, LAST)))
    assert main([*RANGE, "--json"]) == 0
    output, errors = capsys.readouterr()
    answer = json.loads(output)
    run_id, took = answer.pop("runId"), answer.pop("durationMs")
    assert answer == {"success": True, "partitions": f"{FIRST} to {LAST}"}
    assert 0 < took < 120_000
    assert site.status(run_id) == dg.DagsterRunStatus.SUCCESS
    assert "Sealed 2 of 2 days, through 2024-03-05.\n" in errors
    assert "dagster" not in errors, "what the assets say, and nothing else"


def test_a_launch_through_the_command_that_finds_another_at_work_says_so_in_json(site: Site) -> None:
    with site.instance() as instance:
        before = record_run_under_way(instance, site, FIRST)
    url = site.database.urls.pipeline
    with hold_turn(url, before.run_id, has_ended=lambda _: False, on_wait=lambda _: None):
        launch = subprocess.run(
            [ANALYTICS, "run", *RANGE, "--no-wait", "--json"],
            env=site.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
        )
    assert launch.returncode == 3, launch.stderr
    assert json.loads(launch.stdout) == {
        "skipped": True,
        "reason": f"locked: run {before.run_id} in progress",
    }


def test_a_launch_counts_against_the_limit_of_the_queue(site: Site) -> None:
    outcome = site.execute(DayRange(FIRST, FIRST))
    with site.instance() as instance:
        run = instance.get_run_by_id(outcome.run_id)
    assert run is not None
    assert run.tags["dagster/code_location"] == "analytics_pipeline"


def test_a_failed_launch_gives_the_reason_and_an_exit_code_of_its_own(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.deliver_garbage(FIRST)
    assert main([*RANGE, "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["success"] is False
    assert answer["error"].startswith("raw_events: 1 of 2 days failed (the other 1 went through): 2024-03-04")
    assert main(RANGE) == 1
    assert "raw_events: 1 of 2 days failed" in capsys.readouterr().out


def test_a_day_before_the_first_one_is_refused_in_one_sentence(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--from", "2023-12-30", "--to", "2024-01-02"]) == 2
    assert capsys.readouterr().err == (
        "2023-12-30 lies before the first day, 2024-01-01: start there, or set ANALYTICS_FIRST_DAY back.\n"
    )
    with site.instance() as instance:
        assert instance.get_runs_count() == 0


def test_a_day_that_has_not_begun_is_refused_in_one_sentence(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    today = datetime.now(UTC).date()
    tomorrow = today + timedelta(days=1)
    assert site.settings.timezone == "UTC"
    assert main(["--from", str(FIRST), "--to", str(tomorrow)]) == 2
    assert capsys.readouterr().err == f"{tomorrow} has not begun in UTC: end at {today}.\n"


def test_a_range_that_ends_before_it_begins_is_refused_in_one_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--from", str(LAST), "--to", str(FIRST)]) == 2
    assert capsys.readouterr().err.startswith("a range of days cannot end (2024-03-04) before it begins")
