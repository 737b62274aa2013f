"""What must stay true of dagster.yaml, read through Dagster; without it, a crash blocks the queue."""

from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.instance.config import PoolGranularity
from dagster._core.run_coordinator import QueuedRunCoordinator

from analytics_pipeline.dagster_home import storage_url
from analytics_pipeline.definitions import build_definitions
from analytics_pipeline.settings import Settings
from tests.conftest import Server, fresh_database
from tests.dagster_site import Site, site_of


@pytest.fixture(scope="module")
def instance(server: Server) -> Iterator[dg.DagsterInstance]:
    with fresh_database(server) as database, site_of(database).instance() as instance:
        yield instance


def test_records_are_kept_in_a_database_of_their_own_through_psycopg2(site: Site) -> None:
    with site.instance() as instance:
        engine = instance.run_storage._engine  # type: ignore[attr-defined]
        assert engine.driver == "psycopg2"
        assert engine.url.username == "analytics_dagster"
        assert engine.url.database.endswith("_dagster")


def test_runs_of_this_project_go_one_at_a_time_through_the_queue(instance: dg.DagsterInstance) -> None:
    assert isinstance(instance.run_coordinator, QueuedRunCoordinator)
    queue = instance.get_concurrency_config().run_queue_config
    assert queue is not None
    assert queue.tag_concurrency_limits == [
        {"key": "dagster/code_location", "value": "analytics_pipeline", "limit": 1}
    ]
    assert queue.max_user_code_failure_retries == 3


def test_pools_hold_for_runs_without_the_queue_as_well(instance: dg.DagsterInstance) -> None:
    pools = instance.get_concurrency_config().pool_config
    assert (pools.pool_granularity, pools.default_pool_limit) == (PoolGranularity.OP, 1)


def test_a_run_whose_worker_died_ends_within_two_hours_and_frees_its_slot(
    instance: dg.DagsterInstance,
) -> None:
    assert instance.run_monitoring_enabled
    assert instance.run_monitoring_max_runtime_seconds == 7200
    assert instance.get_settings("run_monitoring")["free_slots_after_run_end_seconds"] == 60


def test_dagster_itself_tries_nothing_again(instance: dg.DagsterInstance) -> None:
    assert not instance.run_retries_enabled
    definitions = build_definitions(Settings())
    assert all(
        assets.op.retry_policy is None
        for assets in definitions.resolve_asset_graph().assets_defs
        if assets.is_executable
    )


def test_skipped_nights_are_kept_for_a_year(instance: dg.DagsterInstance) -> None:
    kept = instance.get_tick_retention_settings(InstigatorType.SCHEDULE)
    assert {status.value: days for status, days in kept.items()}["SKIPPED"] == 365


def test_nothing_is_sent_home_and_no_one_is_asked_to_sign_up(instance: dg.DagsterInstance) -> None:
    assert not instance.telemetry_enabled
    assert not instance.nux_enabled


def test_a_thousand_days_are_recorded_in_batches_and_without_waiting_for_the_disk(site: Site) -> None:
    assert int(site.environment["DAGSTER_EVENT_BATCH_SIZE"]) >= 100
    with site.instance() as instance, instance.run_storage.connect() as connection:  # type: ignore[attr-defined]
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "off"


def test_the_pipelines_own_commits_wait_for_the_disk(site: Site) -> None:
    with site.database.connect("pipeline") as connection:
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)


def test_options_of_the_url_are_kept() -> None:
    assert storage_url("postgresql://u:p%40@h:5/d?sslmode=require&options=-c%20lock_timeout%3D5s") == (
        "postgresql+psycopg2://u:p%40@h:5/d?sslmode=require"
        "&options=-c%20lock_timeout%3D5s%20-c%20synchronous_commit%3Doff"
    )
