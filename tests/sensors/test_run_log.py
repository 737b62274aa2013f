"""The audit log is level with Dagster's records, whatever happened while nobody looked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from psycopg.rows import dict_row

from analytics_pipeline.database.turn import hold_turn
from analytics_pipeline.days import DayRange
from analytics_pipeline.definitions import build_definitions
from resources import DatabaseResource
from sensors.jobs import NIGHTLY, range_tags
from sensors.launch import main
from sensors.recording import record_runs
from tests.dagster_site import FIRST, Site, record_run_under_way
from tests.sensors.gui import pass_time

LAST = FIRST + timedelta(days=1)
DAYS = DayRange(FIRST, LAST)


def _log(site: Site) -> dict[str, dict[str, Any]]:
    with (
        site.database.connect("admin") as connection,
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        rows = cursor.execute("SELECT * FROM analytics.job_run ORDER BY queued_at").fetchall()
    return {row["run_id"]: row for row in rows}


def _record(site: Site, instance: dg.DagsterInstance) -> int:
    with site.database.connect("pipeline") as connection:
        return record_runs(instance, connection)


def _run(instance: dg.DagsterInstance, site: Site, tags: dict[str, str]) -> dg.DagsterRun:
    job = build_definitions(site.settings).resolve_job_def(NIGHTLY)
    return instance.create_run_for_job(job_def=job, tags=tags, status=dg.DagsterRunStatus.NOT_STARTED)


def test_a_launch_is_in_the_log_when_it_ends_with_what_it_got_done(site: Site) -> None:
    site.deliver(list(DAYS))
    outcome = site.execute(DAYS)
    entry = _log(site)[outcome.run_id]
    assert (entry["action"], entry["job"], entry["status"]) == ("ANALYTICS_JOB_RUN", "nightly", "SUCCESS")
    assert (entry["trigger"], entry["partition"]) == ("cli", f"{FIRST} to {LAST}")
    assert entry["duration_ms"] == pytest.approx(outcome.duration_ms, abs=1)
    assert entry["error"] is None
    rows = sum(
        site.count(f"analytics.{table}")
        for table in (
            *("event_day", "lesson_daily", "course_daily", "lesson_cohort", "quiz_cohort"),
            *("course_funnel", "course_refund"),
        )
    )
    assert entry["counts"] == {"days": 2, "events": 2 * 3 * 3, "rows": rows, "revisions": 0}


def test_a_failed_launch_is_in_the_log_with_the_reason_it_gave_and_the_days_that_went_through(
    site: Site,
) -> None:
    site.deliver([FIRST])
    site.deliver_garbage(LAST)
    outcome = site.execute(DAYS)
    entry = _log(site)[outcome.run_id]
    assert (entry["status"], entry["error"]) == ("FAILED", outcome.error)
    assert entry["counts"]["days"] == 1


def test_a_launch_that_was_given_up_is_in_the_log_as_skipped(site: Site) -> None:
    with site.instance() as instance:
        before = record_run_under_way(instance, site, FIRST)
        url = site.database.urls.pipeline
        with hold_turn(url, before.run_id, has_ended=lambda _: False, on_wait=lambda _: None):
            outcome = site.execute(DAYS, wait=False)
    log = _log(site)
    assert (log[outcome.run_id]["status"], log[outcome.run_id]["error"]) == ("SKIPPED", outcome.skipped)
    assert (log[before.run_id]["status"], log[before.run_id]["partition"]) == ("STARTED", str(FIRST))


def test_a_night_that_the_daemon_skipped_is_in_the_log_once_with_the_reason(site: Site) -> None:
    # Of late, since Dagster forgets ticks that are older than a year.
    night = datetime.now(UTC).replace(hour=2, minute=0, second=0, microsecond=0) - timedelta(days=1)
    with site.instance() as instance:
        before = record_run_under_way(instance, site, FIRST)
        instance.add_run_tags(before.run_id, {"dagster/schedule_name": NIGHTLY})
        pass_time(instance, [night - timedelta(hours=1), night + timedelta(minutes=1)])
        _record(site, instance)
        _record(site, instance)
        assert instance.get_runs_count() == 1
    log = _log(site)
    (skipped,) = log.keys() - {before.run_id}
    assert skipped == f"nightly of {night:%Y-%m-%dT%H:%M:%SZ}"
    entry = log[skipped]
    assert (entry["job"], entry["status"], entry["trigger"]) == (NIGHTLY, "SKIPPED", "schedule")
    assert entry["error"] == f"locked: run {before.run_id} in progress (STARTED)"
    assert (entry["queued_at"], entry["started_at"], entry["counts"]) == (night, None, {})


def test_a_run_is_followed_through_every_status_also_out_of_one_that_was_its_last(site: Site) -> None:
    with site.instance() as instance:
        run = _run(instance, site, {**range_tags(DAYS), "dagster/schedule_name": "nightly"})
        _record(site, instance)
        assert _log(site)[run.run_id]["status"] == "QUEUED"
        instance.report_run_failed(run, "The worker is gone.")
        _record(site, instance)
        failed = _log(site)[run.run_id]
        assert (failed["status"], failed["error"]) == ("FAILED", "The worker is gone.")
        success = dg.DagsterEvent(dg.DagsterEventType.RUN_SUCCESS.value, NIGHTLY)
        instance.report_dagster_event(success, run.run_id)
        _record(site, instance)
    entry = _log(site)[run.run_id]
    assert (entry["status"], entry["error"], entry["trigger"]) == ("SUCCESS", None, "schedule")


def test_what_asked_for_a_run_is_told_from_its_tags_and_its_origin(site: Site) -> None:
    asked = {
        "backfill": {"dagster/backfill": "abc"},
        "schedule": {"dagster/schedule_name": "nightly"},
        "sensor": {"dagster/sensor_name": "catch_up"},
        "cli": {},
    }
    with site.instance() as instance:
        runs = {trigger: _run(instance, site, tags).run_id for trigger, tags in asked.items()}
        _record(site, instance)
    assert {trigger: _log(site)[run_id]["trigger"] for trigger, run_id in runs.items()} == {
        trigger: trigger for trigger in asked
    }


def test_the_log_outlives_dagsters_records_and_keeps_nothing_in_flight_that_is_gone(site: Site) -> None:
    site.deliver([FIRST])
    with site.instance() as instance:
        outcome = site.execute(DayRange(FIRST, FIRST))
        lost = record_run_under_way(instance, site, FIRST)
        _record(site, instance)
        instance.delete_run(outcome.run_id)
        instance.delete_run(lost.run_id)
        _record(site, instance)
    log = _log(site)
    assert log[outcome.run_id]["status"] == "SUCCESS"
    assert log[lost.run_id]["status"] == "FAILED"
    assert log[lost.run_id]["error"] == "Dagster has no record of this run any more."


def test_more_runs_than_a_page_holds_are_all_recorded_and_recording_again_reads_none(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sensors.recording.PAGE", 3)
    with site.instance() as instance:
        runs = {_run(instance, site, {}).run_id for _ in range(8)}
        assert _record(site, instance) == 8
        assert _record(site, instance) == 0
    assert set(_log(site)) == runs


def test_a_log_that_cannot_be_written_changes_nothing_of_the_run(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.deliver([FIRST])
    with site.database.connect("owner") as connection:
        connection.execute("REVOKE INSERT ON analytics.job_run FROM analytics_pipeline")
    assert main(["--from", str(FIRST), "--to", str(FIRST)]) == 0
    assert capsys.readouterr().err.endswith(
        "The run is not in the log of runs yet (InsufficientPrivilege); the sensor run_log adds it.\n"
    )


def test_the_sensor_starts_nothing_and_says_how_many_runs_it_recorded(site: Site) -> None:
    definitions = build_definitions(site.settings)
    sensor = definitions.resolve_sensor_def("run_log")
    with site.instance() as instance:
        record_run_under_way(instance, site, FIRST)
        context = dg.build_sensor_context(instance=instance, resources={"database": DatabaseResource()})
        tick = sensor.evaluate_tick(context)
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    assert (tick.run_requests, tick.skip_message) == ([], "1 runs were recorded anew")
