"""The asset `raw_events`: the inbox becomes files of the lake."""

import time
from collections.abc import Iterator
from datetime import date

import dagster as dg

from analytics_pipeline.lake.chunk import DaySeal
from analytics_pipeline.lake.compact import collect_garbage
from analytics_pipeline.lake.seal import seal_days
from assets.days import DayOutcomes, Metadata, days_of, fail_for, record, window
from assets.specs import LAKE, ONE_RUN, POOL
from resources import CurrentRun


@dg.asset(group_name=LAKE, kinds={"parquet", "postgres"}, backfill_policy=ONE_RUN, pool=POOL)
def raw_events(context: dg.AssetExecutionContext, current_run: CurrentRun) -> Iterator[object]:
    """Every event that was accepted, once, in the files of its day.

    Moves what the inbox holds of a day into the lake: Parquet files that are written first and named by one
    commit, which also empties the inbox of what they hold. An event that arrives again is counted as a
    duplicate; one whose id was taken by another event goes to quarantine as a conflict. A day may be sealed
    as often as you like: late events are added as small files, and what is there already stays. Files that
    a killed run left behind are removed first.
    """
    run = current_run.pipeline
    context.log.info("Removed %d files that no day names.", len(collect_garbage(run)))
    days = days_of(context)
    started = time.monotonic()
    result = seal_days(run, days, context.log.info)
    seconds = round(time.monotonic() - started, 2)
    current_run.failed_days.update(result.failures)
    done: dict[date, Metadata] = {
        day: {**_numbers(seal), "run seconds": seconds, "window": window(day, run.settings)}
        for day, seal in result.sealed.items()
    }
    yield from record(context, "raw_events", DayOutcomes(done, result.failures))
    fail_for(result.failures, len(days))


def _numbers(seal: DaySeal) -> dict[str, int]:
    return {
        "events": seal.row.events,
        "new events": seal.events,
        "duplicates": seal.duplicates,
        "conflicts": seal.conflicts,
        "kept out": seal.kept_out,
        "files": len(seal.row.files),
        "bytes": seal.row.bytes,
    }
