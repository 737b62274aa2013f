"""The Dagster project as it is shown: what is there, in which groups, and that it loads from nothing."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from analytics_pipeline.definitions import build_definitions
from analytics_pipeline.settings import Settings

SETTINGS = Settings(timezone="Europe/Paris")
DEFINITIONS = build_definitions(SETTINGS)

ASSETS = {
    "raw_events": ("lake", set()),
    "learner_days": ("lake", {"raw_events"}),
    "event_day": ("daily_tables", {"learner_days"}),
    "lesson_daily": ("daily_tables", {"learner_days"}),
    "course_daily": ("daily_tables", {"learner_days"}),
    "course_catalogue": ("catalogue", set()),
    "lesson_cohort": ("cohort_tables", {"learner_days", "event_day"}),
    "quiz_cohort": ("cohort_tables", {"learner_days", "event_day"}),
    "course_funnel": ("cohort_tables", {"learner_days", "event_day", "course_catalogue"}),
    "course_refund": ("cohort_tables", {"learner_days", "event_day"}),
    "signal": ("signals", {"lesson_daily", "lesson_cohort", "quiz_cohort", "course_funnel", "course_refund"}),
    "retention": ("lake", {"signal"}),
}
"""Group and upstream assets of each; renaming one is a change that people see."""

PARTITIONED = {"raw_events", "learner_days", "event_day", "lesson_daily", "course_daily"}


def _specs() -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in DEFINITIONS.resolve_all_asset_specs()}


def test_the_assets_their_groups_and_what_they_are_made_of() -> None:
    found = {
        name: (spec.group_name, {dep.asset_key.to_user_string() for dep in spec.deps})
        for name, spec in _specs().items()
    }
    assert found == ASSETS


def test_jobs_schedules_and_sensors() -> None:
    repository = DEFINITIONS.get_repository_def()
    assert {job.name for job in repository.get_all_jobs()} - {"__ASSET_JOB"} == {"nightly"}
    assert {each.name: each.cron_schedule for each in repository.schedule_defs} == {
        "nightly": "0 2 * * *",
        "hourly": "30 * * * *",
    }
    assert {each.name for each in repository.sensor_defs} == {
        "alerts",
        "catch_up",
        "lost_runs",
        "run_log",
    }


def test_every_asset_has_an_owner_a_kind_and_a_description_that_a_reader_understands() -> None:
    for name, spec in _specs().items():
        assert spec.owners, name
        assert spec.kinds, name
        assert spec.description, name
        assert len(spec.description) > 60, name


def test_days_begin_on_the_first_day_in_the_zone_of_the_site_and_end_today() -> None:
    for name, spec in _specs().items():
        days = spec.partitions_def
        assert isinstance(days, dg.DailyPartitionsDefinition | None)
        assert (days is not None) == (name in PARTITIONED)
        if days is not None:
            assert (days.timezone, days.end_offset) == ("Europe/Paris", 1)
            assert days.start.date() == SETTINGS.first_day


def test_every_partitioned_asset_takes_a_range_in_one_run() -> None:
    graph = DEFINITIONS.resolve_asset_graph()
    for name in PARTITIONED:
        assert graph.get(dg.AssetKey(name)).backfill_policy == dg.BackfillPolicy.single_run()


def test_every_step_that_writes_is_in_the_pool() -> None:
    assert {assets.op.pool for assets in DEFINITIONS.resolve_asset_graph().assets_defs if assets.keys} == {
        "analytics"
    }


@pytest.mark.parametrize("schedule", ["nightly", "off"])
def test_assets_must_be_fresh_where_nights_run(schedule: str) -> None:
    settings = Settings.model_validate({"schedule": schedule})
    specs = build_definitions(settings).resolve_all_asset_specs()
    assert {spec.freshness_policy is None for spec in specs} == {schedule == "off"}


def test_the_definitions_are_sound() -> None:
    dg.Definitions.validate_loadable(DEFINITIONS)


def test_the_definitions_load_without_a_database_a_home_or_a_network(tmp_path: Path) -> None:
    program = """
import socket
def refuse(*_): raise AssertionError("importing the definitions opens a connection")
socket.socket.connect = refuse
import analytics_pipeline.definitions as module
print(len(list(module.defs.resolve_all_asset_specs())))
"""
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "ANALYTICS_HOME": str(tmp_path / "nowhere")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout == f"{len(ASSETS)}\n"
    assert not (tmp_path / "nowhere").exists()
