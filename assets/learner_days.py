"""The asset `learner_days`: what each learner did on a day, in the files of its day."""

import time
from collections.abc import Iterator
from datetime import date

import dagster as dg

from analytics_pipeline.lake.catalogue import lake_days
from analytics_pipeline.lake.learner_days import build_learner_days
from analytics_pipeline.metrics.models import LEARNER_DAYS, definition_of
from assets.days import DayOutcomes, Metadata, days_of, fail_for, record, window
from assets.specs import LAKE, ONE_RUN, POOL, describe
from resources import CurrentRun


@dg.asset(
    group_name=LAKE,
    kinds={"parquet", "duckdb", "sql"},
    deps=["raw_events"],
    description=describe(definition_of(LEARNER_DAYS)),
    backfill_policy=ONE_RUN,
    pool=POOL,
)
def learner_days(context: dg.AssetExecutionContext, current_run: CurrentRun) -> Iterator[object]:
    """Build the learner days of days whose events have changed, and record all that are up to date."""
    run = current_run.pipeline
    asked = days_of(context)
    started = time.monotonic()
    days = [day for day in asked if day not in current_run.failed_days]
    result = build_learner_days(run, days, context.log.info)
    seconds = round(time.monotonic() - started, 2)
    current_run.failed_days.update(result.failures)
    done: dict[date, Metadata] = {
        day: {
            "events": row.events,
            "learner days": result.built.get(day, "as before"),
            "run seconds": seconds,
            "window": window(day, run.settings),
        }
        for day, row in lake_days(run.connection, days).items()
        if day not in result.failures
    }
    yield from record(context, "learner_days", DayOutcomes(done, result.failures))
    fail_for(result.failures, len(asked))
