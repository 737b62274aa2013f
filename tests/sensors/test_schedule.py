"""The night: every due day before the scheduled time, one run per range, or a reason why not."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.days import DayRange
from analytics_pipeline.definitions import build_definitions
from analytics_pipeline.settings import Settings
from resources import DatabaseResource
from sensors.jobs import RANGE_END, RANGE_START
from sensors.schedule import decide_night
from tests.dagster_site import FIRST, Site, record_run_under_way


def _ranges(requests: list[dg.RunRequest] | dg.SkipReason) -> list[DayRange]:
    assert isinstance(requests, list)
    return [
        DayRange(date.fromisoformat(each.tags[RANGE_START]), date.fromisoformat(each.tags[RANGE_END]))
        for each in requests
    ]


def _tick(
    site: Site, instance: dg.DagsterInstance, at: datetime, schedule: str = "nightly"
) -> "dg.ScheduleExecutionData":
    definitions = build_definitions(site.settings)
    # Closed, since it opens an instance of its own: left to the garbage collector, that one would later make
    # the storage of this test the current one of Dagster again, in the middle of another test.
    with dg.build_schedule_context(
        instance=instance,
        scheduled_execution_time=at,
        resources={"database": DatabaseResource()},
        repository_def=definitions.get_repository_def(),
    ) as context:
        return definitions.resolve_schedule_def(schedule).evaluate_tick(context)


@given(st.lists(st.dates(date(2024, 1, 1), date(2024, 12, 31)), unique=True, min_size=1))
def test_every_due_day_is_asked_for_once_oldest_first_in_bounded_runs(due: list[date]) -> None:
    ranges = _ranges(decide_night(None, due))
    assert [day for days in ranges for day in days] == sorted(due)
    assert all(len(list(days)) <= 31 for days in ranges)


@given(st.lists(st.dates(date(2024, 1, 1), date(2024, 12, 31)), unique=True, min_size=1))
def test_the_requests_of_one_tick_have_keys_of_their_own(due: list[date]) -> None:
    requests = decide_night(None, due)
    assert isinstance(requests, list)
    keys = [each.run_key for each in requests]
    assert len(set(keys)) == len(keys)
    assert None not in keys


def test_a_night_asks_for_the_due_days_before_the_scheduled_one_not_the_clocks(site: Site) -> None:
    site.deliver([FIRST, FIRST + timedelta(days=5)])
    with site.instance() as instance:
        tick = _tick(site, instance, datetime(2024, 3, 7, 2, tzinfo=UTC))
    assert tick.run_requests is not None
    assert _ranges(list(tick.run_requests)) == [DayRange(FIRST, date(2024, 3, 6))]


def test_a_night_with_nothing_due_is_skipped_with_the_reason(site: Site) -> None:
    with site.instance() as instance:
        tick = _tick(site, instance, datetime(2024, 3, 7, 2, tzinfo=UTC))
    assert tick.skip_message == "nothing is due: every day up to yesterday is published as it was sealed"


def test_a_night_is_skipped_while_the_one_before_is_in_flight_and_names_it(site: Site) -> None:
    site.deliver([FIRST])
    with site.instance() as instance:
        before = record_run_under_way(instance, site, FIRST)
        instance.add_run_tags(before.run_id, {"dagster/schedule_name": "nightly"})
        tick = _tick(site, instance, datetime(2024, 3, 7, 2, tzinfo=UTC))
    assert tick.skip_message == f"locked: run {before.run_id} in progress (STARTED)"


def test_behind_any_other_run_a_night_queues(site: Site) -> None:
    site.deliver([FIRST])
    with site.instance() as instance:
        record_run_under_way(instance, site, FIRST)
        tick = _tick(site, instance, datetime(2024, 3, 7, 2, tzinfo=UTC))
    assert tick.run_requests


def test_an_hour_refreshes_today_alone_once_something_has_arrived(site: Site) -> None:
    at = datetime(2024, 3, 6, 9, 30, tzinfo=UTC)
    site.deliver([FIRST, date(2024, 3, 6)])
    with site.instance() as instance:
        tick = _tick(site, instance, at, "hourly")
        assert tick.run_requests is not None
        assert _ranges(list(tick.run_requests)) == [DayRange(date(2024, 3, 6), date(2024, 3, 6))]
        site.execute(DayRange(FIRST, date(2024, 3, 6)))
        after = _tick(site, instance, at, "hourly")
    assert after.skip_message == "nothing has arrived for today since it was published"


def test_an_hour_waits_for_no_run_and_names_the_one_in_its_way(site: Site) -> None:
    site.deliver([FIRST])
    with site.instance() as instance:
        before = record_run_under_way(instance, site, FIRST)
        tick = _tick(site, instance, datetime(2024, 3, 4, 9, 30, tzinfo=UTC), "hourly")
    assert tick.skip_message == f"locked: run {before.run_id} in progress (STARTED)"


def test_nights_run_by_default_and_not_where_they_are_switched_off() -> None:
    for setting, night, hour in (
        ("nightly", "RUNNING", "STOPPED"),
        ("hourly", "RUNNING", "RUNNING"),
        ("off", "STOPPED", "STOPPED"),
    ):
        definitions = build_definitions(Settings.model_validate({"schedule": setting}))
        assert definitions.resolve_schedule_def("nightly").default_status.value == night
        assert definitions.resolve_schedule_def("hourly").default_status.value == hour


def test_nights_begin_at_two_on_the_clocks_of_the_site() -> None:
    schedule = build_definitions(Settings(timezone="Asia/Tokyo")).resolve_schedule_def("nightly")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 2 * * *", "Asia/Tokyo")
