"""The nightly job as a whole, on a real instance: what it publishes, what it records, and how it fails."""

import os
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from analytics_pipeline.database.checks import Check
from analytics_pipeline.days import DayRange
from analytics_pipeline.definitions import build_definitions
from analytics_pipeline.metrics.cohort_checks import COHORT_CHECKS
from sensors.execution import Outcome
from tests.conftest import Server, fresh_database
from tests.dagster_site import FIRST, Site, materialized, site_of

DAYS = DayRange(FIRST, FIRST + timedelta(days=3))
BAD = FIRST + timedelta(days=1)
PER_DAY = ["raw_events", "learner_days", "event_day", "lesson_daily", "course_daily"]
ONCE = ["lesson_cohort", "quiz_cohort", "course_funnel", "signal"]


def _metadata(instance: dg.DagsterInstance, key: str, day: date | None = None) -> dict[str, object]:
    chosen = dg.AssetRecordsFilter(
        asset_key=dg.AssetKey(key), asset_partitions=[day.isoformat()] if day else None
    )
    (record,) = instance.fetch_materializations(chosen, limit=1).records
    materialization = record.asset_materialization
    assert materialization is not None
    return {name: entry.value for name, entry in materialization.metadata.items()}


def _checks(instance: dg.DagsterInstance, outcome: Outcome) -> dict[str, bool]:
    events = [entry.dagster_event for entry in instance.all_logs(outcome.run_id)]
    return {
        event.asset_check_evaluation_data.check_name: event.asset_check_evaluation_data.passed
        for event in events
        if event is not None and event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION
    }


@pytest.fixture(scope="module")
def night(server: Server) -> Iterator[tuple[Site, Outcome]]:
    """A site after one run over a range in which nothing was wrong."""
    with fresh_database(server) as database:
        site = site_of(database)
        site.deliver(list(DAYS))
        leave_garbage(site)
        yield site, site.execute(DAYS)


def leave_garbage(site: Site) -> Path:
    """A file as a run leaves it that was killed two hours ago, before its commit."""
    file = Path(site.settings.lake_root) / "events" / FIRST.isoformat() / "1-killed.parquet"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"unfinished")
    two_hours_ago = time.time() - 7200
    os.utime(file, (two_hours_ago, two_hours_ago))
    return file


def test_a_run_removes_what_a_killed_run_left_and_keeps_what_days_name(night: tuple[Site, Outcome]) -> None:
    site, _ = night
    lake = Path(site.settings.lake_root)
    files = {str(path.relative_to(lake)) for path in (lake / "events").rglob("*.parquet")}
    with site.database.connect("pipeline") as connection:
        named = {row[0] for row in connection.execute("SELECT unnest(files) FROM analytics.lake_day")}
    assert files == named


def test_a_range_is_one_run_that_publishes_and_records_every_day(night: tuple[Site, Outcome]) -> None:
    site, outcome = night
    assert outcome.success, outcome.error
    assert [site.count("analytics.course_daily", day) for day in DAYS] == [1] * 4
    assert site.count("ingest.inbox") == 0
    assert site.count("analytics.course_funnel") > 0
    with site.instance() as instance:
        assert {key: materialized(instance, key) for key in PER_DAY} == {key: list(DAYS) for key in PER_DAY}
        for key in ONCE:
            event = instance.get_latest_materialization_event(dg.AssetKey(key))
            assert event is not None
            assert event.run_id == outcome.run_id
        assert instance.get_runs_count() == 1


def test_what_is_recorded_of_a_day_is_short_and_names_no_learner(night: tuple[Site, Outcome]) -> None:
    site, _ = night
    with site.instance() as instance:
        sealed = _metadata(instance, "raw_events", DAYS.first)
        first, last = (_metadata(instance, "lesson_daily", day) for day in (DAYS.first, DAYS.last))
        cohort = _metadata(instance, "lesson_cohort")
        signal = _metadata(instance, "signal")
    assert (sealed["events"], sealed["duplicates"]) == (9, 0)
    assert sealed["window"] == "2024-03-04T00:00+00:00 to 2024-03-05T00:00+00:00"
    assert first["dagster/partition_row_count"] == 2
    assert "preview" not in first
    assert str(last["preview"]).splitlines()[2].startswith("| course-1 | 0 | 3 |")
    assert cohort["as of"] == str(DAYS.last)
    assert cohort["dagster/row_count"] == 2
    assert "learner-" not in f"{sealed}{first}{last}{cohort}{signal}"


def test_checks_report_what_the_publishing_transactions_have_found(night: tuple[Site, Outcome]) -> None:
    site, outcome = night
    with site.instance() as instance:
        found = _checks(instance, outcome)
    old = found.pop("no_due_day_is_old")
    assert set(found.values()) == {True}
    assert {"sealed_events_reconcile", "reach_is_monotone"} < found.keys()
    assert not old, "the days from the range to yesterday are due, and most of them have been for long"


def _failures(site: Site) -> list[tuple[object, ...]]:
    with site.database.connect("admin") as connection:
        return connection.execute(
            "SELECT day, course_id, run_id FROM analytics.publication_failure"
        ).fetchall()


def test_a_bad_day_stops_no_other_and_the_run_fails_naming_it(site: Site) -> None:
    site.deliver(list(DAYS))
    site.deliver_garbage(BAD)
    outcome = site.execute(DAYS)
    good = [day for day in DAYS if day != BAD]
    assert not outcome.success
    assert outcome.error is not None
    assert outcome.error.startswith("raw_events: 1 of 4 days failed (the other 3 went through): 2024-03-05")
    assert [site.count("analytics.course_daily", day) for day in DAYS] == [1, 0, 1, 1]
    assert site.count("analytics.lesson_cohort") > 0, "as of the last day before the gap"
    with site.instance() as instance:
        assert {key: materialized(instance, key) for key in PER_DAY} == dict.fromkeys(PER_DAY, good)
        run = instance.get_run_by_id(outcome.run_id)
        assert run is not None
        assert run.status == dg.DagsterRunStatus.FAILURE
        steps = instance.get_run_stats(outcome.run_id)
        assert (steps.steps_failed, steps.steps_succeeded) == (1, 7), "one red step: the cause"


def test_a_day_that_failed_keeps_its_old_rows_until_it_is_mended(site: Site) -> None:
    site.deliver(list(DAYS))
    site.execute(DAYS)
    site.deliver_garbage(BAD)
    again = site.execute(DAYS)
    assert not again.success
    assert site.count("analytics.course_daily", BAD) == 1
    assert _failures(site) == [(BAD, None, again.run_id)]
    assert site.count("analytics.metric_revision") == 0, "running the other days again changed no number"
    with site.database.connect("owner") as connection:
        connection.execute("DELETE FROM ingest.inbox")
    assert site.execute(DayRange(BAD, BAD)).success
    assert _failures(site) == [], "the next success ends it"


def test_a_bad_course_stops_no_other_and_the_run_fails_naming_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.deliver(list(DAYS), course="course-1")
    site.deliver(list(DAYS), course="course-2")
    bad = Check(
        "bad", "Not this one.", "SELECT course_id FROM new_course_funnel WHERE course_id = 'course-2'", True
    )
    with monkeypatch.context() as patch:
        patch.setattr("analytics_pipeline.metrics.cohorts.COHORT_CHECKS", [*COHORT_CHECKS, bad])
        outcome = site.execute(DAYS)
    assert outcome.error == (
        "cohort_tables: 1 of the courses failed (the others went through): "
        "course-2: Not published, the old numbers stand: violations of bad."
    )
    assert site.number("SELECT count(*) FROM analytics.course_funnel WHERE course_id = 'course-1'") > 0
    assert site.number("SELECT count(*) FROM analytics.course_funnel WHERE course_id = 'course-2'") == 0
    assert _failures(site) == [(None, "course-2", outcome.run_id)]
    assert site.execute(DAYS).success
    assert _failures(site) == []


def test_a_table_of_a_day_that_was_never_sealed_fails_with_what_to_do(site: Site) -> None:
    click = build_definitions(site.settings).resolve_implicit_global_asset_job_def()
    with site.instance() as instance:
        result = click.execute_in_process(
            asset_selection=[dg.AssetKey(key) for key in ("event_day", "lesson_daily", "course_daily")],
            partition_key=str(FIRST),
            instance=instance,
            raise_on_error=False,
        )
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    data = failure.step_failure_data.user_failure_data
    assert data is not None
    assert "2024-03-04 was not sealed yet; run raw_events for it first" in str(data.description)
