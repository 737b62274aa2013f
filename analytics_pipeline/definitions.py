"""The Dagster project: assets, resources and sensors, put together for the site of the settings."""

import dagster as dg

from analytics_pipeline.settings import Settings, load_settings
from assets import (
    cohort_tables,
    course_catalogue,
    daily_tables,
    for_site,
    learner_days,
    no_due_day_is_old,
    raw_events,
    retention,
    signal,
    site_days,
)
from resources import CurrentRun, DatabaseResource
from sensors import (
    alerts_sensor,
    catch_up_sensor,
    hourly_schedule,
    lost_runs,
    nightly_job,
    nightly_schedule,
    progress_logger,
    run_log,
)

EXECUTOR = dg.in_process_executor.configured(
    # A step that failed for one day has an output all the same: what comes after it does the other days.
    {"step_dependency_config": {"require_upstream_step_success": False}},
    name="in_process",
)


def build_definitions(settings: Settings) -> dg.Definitions:
    """Everything that Dagster knows of us; needs no database."""
    days = site_days(settings)
    partitioned = (raw_events, learner_days, daily_tables)
    return dg.Definitions(
        assets=[
            *(for_site(asset, settings, days) for asset in partitioned),
            *(for_site(asset, settings) for asset in (course_catalogue, cohort_tables, signal, retention)),
        ],
        asset_checks=[no_due_day_is_old],
        jobs=[nightly_job],
        schedules=[nightly_schedule(settings), hourly_schedule(settings)],
        sensors=[catch_up_sensor(settings), lost_runs, run_log, alerts_sensor(settings)],
        resources={"current_run": CurrentRun(), "database": DatabaseResource()},
        loggers={"console": dg.colored_console_logger, "progress": progress_logger},
        executor=EXECUTOR,
    )


defs = build_definitions(load_settings())
