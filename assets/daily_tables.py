"""The assets `event_day`, `lesson_daily` and `course_daily`: published together, day by day."""

import time
from collections.abc import Iterator
from datetime import date

import dagster as dg

from analytics_pipeline.metrics.daily_checks import DAILY_CHECKS
from analytics_pipeline.metrics.failures import record_failed_days
from analytics_pipeline.metrics.models import DAILY, Model
from analytics_pipeline.metrics.publication import publish_daily
from analytics_pipeline.run import PipelineRun
from assets.checks import check_specs, report_checks
from assets.days import DayOutcomes, Metadata, days_of, fail_for, record, window
from assets.preview import preview, rows_per_day
from assets.specs import DAILY_TABLES, ONE_RUN, POOL, table_spec
from resources import CurrentRun

# event_day reads raw_events too. Were that said, Dagster would refuse backfills of all days' assets, in some
# processes and not in others: it compares the days of tables that are published together, and takes those
# that it reached over two paths for others than those that it reached over one.
UPSTREAM = ["learner_days"]


@dg.multi_asset(
    specs=[table_spec(model, DAILY_TABLES, UPSTREAM) for model in DAILY],
    check_specs=check_specs(DAILY_CHECKS, DAILY),
    backfill_policy=ONE_RUN,
    pool=POOL,
)
def daily_tables(context: dg.AssetExecutionContext, current_run: CurrentRun) -> Iterator[object]:
    """Publish the tables of the days that have come this far, and record them."""
    asked = days_of(context)
    started = time.monotonic()
    days = [day for day in asked if day not in current_run.failed_days]
    result = publish_daily(current_run.pipeline, days, context.log.info)
    current_run.failed_days.update(result.failures)
    record_failed_days(current_run.pipeline, current_run.failed_days)
    common: Metadata = {
        "run revisions": result.revisions,
        "run seconds": round(time.monotonic() - started, 2),
    }
    for model in DAILY:
        done = _metadata(current_run.pipeline, model, sorted(result.days), common)
        yield from record(context, model.name, DayOutcomes(done, result.failures))
    yield from report_checks(DAILY_CHECKS, DAILY, result.checks.values())
    fail_for(result.failures, len(asked))


def _metadata(run: PipelineRun, model: Model, days: list[date], common: Metadata) -> dict[date, Metadata]:
    """Rows and window of each day; published rows of the last one only, since each day is stored apart."""
    rows = rows_per_day(run.connection, model.table, days)
    metadata: dict[date, Metadata] = {
        day: {"dagster/partition_row_count": rows[day], **common, "window": window(day, run.settings)}
        for day in days
    }
    if days:
        metadata[days[-1]]["preview"] = preview(run.connection, model.table, days[-1])
    return metadata
