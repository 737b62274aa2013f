"""Whatever the nights have missed is found and asked for, and nothing is tried without end."""

import time
from datetime import UTC, date, datetime, timedelta
from importlib import import_module

import dagster as dg
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.days import DayRange
from analytics_pipeline.definitions import build_definitions
from analytics_pipeline.settings import Settings
from resources import DatabaseResource
from sensors.attempts import Attempt, Ending, may_be_asked, recent_attempts
from sensors.catch_up import decide
from sensors.jobs import RANGE_END, RANGE_START, days_asked
from tests.dagster_site import FIRST, Site, record_run_under_way

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = date(2026, 3, 1)
ONE = DayRange(DAY, DAY)
DUE = st.lists(st.dates(date(2024, 1, 1), date(2024, 12, 31)), unique=True, min_size=1).map(sorted)


def _attempt(minutes_ago: float, ending: Ending, *, days: DayRange = ONE) -> Attempt:
    return Attempt(days, NOW - timedelta(minutes=minutes_ago), ending)


def _ranges(requests: list[dg.RunRequest] | dg.SkipReason) -> list[DayRange]:
    assert isinstance(requests, list)
    found = [days_asked(each.tags) for each in requests]
    return [days for days in found if days is not None]


def _tick(site: Site, instance: dg.DagsterInstance) -> "dg.SensorExecutionData":
    context = dg.build_sensor_context(instance=instance, resources={"database": DatabaseResource()})
    return build_definitions(site.settings).resolve_sensor_def("catch_up").evaluate_tick(context)


@given(DUE)
def test_every_due_day_is_asked_for_once_oldest_first_in_bounded_runs_without_a_key(due: list[date]) -> None:
    requests = decide(None, due, [], NOW)
    ranges = _ranges(requests)
    assert [day for days in ranges for day in days] == due
    assert all(len(list(days)) <= 31 for days in ranges)
    assert isinstance(requests, list)
    assert {each.run_key for each in requests} == {None}


@given(DUE, st.data())
def test_a_day_that_must_wait_holds_back_no_other(due: list[date], data: st.DataObject) -> None:
    waiting = data.draw(st.sets(st.sampled_from(due), max_size=len(due) - 1))
    attempts = [_attempt(5, Ending.FAILED, days=DayRange(day, day)) for day in waiting]
    asked = [day for days in _ranges(decide(None, due, attempts, NOW)) for day in days]
    assert asked == [day for day in due if day not in waiting]


def test_late_events_of_a_day_that_went_through_are_asked_for_once_an_hour() -> None:
    assert not may_be_asked(DAY, [_attempt(59, Ending.SUCCESS)], NOW)
    assert may_be_asked(DAY, [_attempt(60, Ending.SUCCESS)], NOW)


def test_a_failure_of_our_own_logic_is_left_to_the_next_night() -> None:
    assert not may_be_asked(DAY, [_attempt(23 * 60, Ending.FAILED)], NOW)
    assert not may_be_asked(DAY, [_attempt(600, Ending.FAILED), _attempt(500, Ending.LOST)], NOW)
    assert may_be_asked(DAY, [_attempt(600, Ending.FAILED), _attempt(500, Ending.SUCCESS)], NOW)


def test_what_was_lost_is_tried_again_three_times_with_growing_pauses() -> None:
    """Simulated minute by minute, with every attempt lost after a minute."""
    attempts: list[Attempt] = []
    started = []
    for minute in range(6 * 60):
        now = NOW + timedelta(minutes=minute)
        if may_be_asked(DAY, attempts, now):
            started.append(minute)
            attempts.append(Attempt(DayRange(DAY, DAY), now + timedelta(minutes=1), Ending.LOST))
    assert started == [0, 11, 32, 73]


def test_nothing_is_asked_for_while_a_run_is_in_flight_and_its_id_is_named(site: Site) -> None:
    site.deliver([FIRST])
    with site.instance() as instance:
        before = record_run_under_way(instance, site, FIRST)
        tick = _tick(site, instance)
    assert tick.skip_message == f"locked: run {before.run_id} in progress (STARTED)"


def test_every_day_since_the_first_is_found_after_a_downtime(site: Site) -> None:
    first = datetime.now(UTC).date() - timedelta(days=40)
    site.deliver([first])
    with site.instance() as instance:
        tick = _tick(site, instance)
    days = [day for each in _ranges(list(tick.run_requests or [])) for day in each]
    yesterday = (datetime.now(UTC) - timedelta(hours=3)).date() - timedelta(days=1)
    assert days == list(DayRange(first, yesterday))
    assert len(tick.run_requests or []) == 2


def test_a_crash_between_sealing_and_publishing_is_found(site: Site) -> None:
    site.deliver([FIRST])
    site.execute(DayRange(FIRST, FIRST))
    with site.database.connect("owner") as connection:
        connection.execute("UPDATE analytics.lake_day SET version = version + 1")
    with site.instance() as instance:
        for run in instance.get_runs():
            instance.delete_run(run.run_id)
        tick = _tick(site, instance)
    tags = (tick.run_requests or [])[0].tags
    assert tags[RANGE_START] == str(FIRST)
    assert tags[RANGE_END] > str(FIRST), "the days since then were never looked at"


def test_an_attempt_is_failed_by_its_own_fault_or_lost_with_its_worker_or_connection(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = DayRange(FIRST, FIRST)
    site.deliver_garbage(FIRST)
    own = site.execute(day).run_id

    def broken(*_: object) -> None:
        raise psycopg.errors.AdminShutdown("terminating connection due to administrator command")

    with monkeypatch.context() as patch:
        for module, name in (
            ("raw_events", "seal_days"),
            ("learner_days", "build_learner_days"),
            ("daily_tables", "publish_daily"),
            ("cohort_tables", "publish_cohorts"),
            ("signal", "evaluate_signals"),
        ):
            # By module: the package exports assets of the same names.
            patch.setattr(import_module(f"assets.{module}"), name, broken)
        connection = site.execute(day).run_id
    with monkeypatch.context() as patch:
        patch.setattr("resources.current_run.check_site", broken)
        at_start = site.execute(day).run_id
    with site.instance() as instance:
        worker, cancelled = (record_run_under_way(instance, site, FIRST) for _ in range(2))
        instance.report_run_failed(worker, "The worker is gone.")
        instance.report_run_canceled(cancelled)
        found = {
            run_id: [
                each.ending
                for each, record in zip(
                    recent_attempts(instance, datetime.now(UTC)), instance.get_run_records(), strict=True
                )
                if record.dagster_run.run_id == run_id
            ]
            for run_id in (own, connection, at_start, worker.run_id, cancelled.run_id)
        }
    assert list(found.values()) == [
        [Ending.FAILED],
        [Ending.LOST],
        [Ending.LOST],
        [Ending.LOST],
        [Ending.FAILED],
    ]


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.NOT_STARTED])
def test_a_run_without_a_process_is_ended_and_frees_its_slot_although_nobody_starts_another(
    site: Site, monkeypatch: pytest.MonkeyPatch, status: dg.DagsterRunStatus
) -> None:
    monkeypatch.setattr("sensors.lost_runs_sensor.GRACE_SECONDS", 0.5)
    monkeypatch.setattr("resources.lost_runs.START_SECONDS", 0.5)
    sensor = build_definitions(site.settings).resolve_sensor_def("lost_runs")
    with site.instance() as instance:
        lost = record_run_under_way(instance, site, FIRST, status)
        time.sleep(1)
        context = dg.build_sensor_context(instance=instance, resources={"database": DatabaseResource()})
        assert sensor.evaluate_tick(context).skip_message == f"ended {lost.run_id}"
        assert sensor.evaluate_tick(context).skip_message == "every run under way has a session"
    assert site.status(lost.run_id) is dg.DagsterRunStatus.FAILURE


def test_a_run_that_was_cancelled_before_it_had_a_process_is_cancelled_and_not_tried_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sensors.lost_runs_sensor.GRACE_SECONDS", 0.5)
    sensor = build_definitions(site.settings).resolve_sensor_def("lost_runs")
    with site.instance() as instance:
        cancelled = record_run_under_way(instance, site, FIRST)
        instance.report_run_canceling(cancelled)
        context = dg.build_sensor_context(instance=instance, resources={"database": DatabaseResource()})
        assert sensor.evaluate_tick(context).skip_message == f"ended {cancelled.run_id}"
        (attempt,) = recent_attempts(instance, datetime.now(UTC))
    assert site.status(cancelled.run_id) is dg.DagsterRunStatus.CANCELED
    assert attempt.ending is Ending.FAILED


def test_a_run_that_may_still_begin_is_left_alone(site: Site) -> None:
    sensor = build_definitions(site.settings).resolve_sensor_def("lost_runs")
    with site.instance() as instance:
        record_run_under_way(instance, site, FIRST, dg.DagsterRunStatus.NOT_STARTED)
        context = dg.build_sensor_context(instance=instance, resources={"database": DatabaseResource()})
        assert sensor.evaluate_tick(context).skip_message == "every run under way has a session"


@pytest.mark.parametrize(
    ("schedule", "status"), [("nightly", "RUNNING"), ("hourly", "RUNNING"), ("off", "STOPPED")]
)
def test_it_watches_unless_runs_are_not_to_start_by_themselves(schedule: str, status: str) -> None:
    definitions = build_definitions(Settings.model_validate({"schedule": schedule}))
    assert definitions.resolve_sensor_def("catch_up").default_status.value == status
