"""The job that every way of starting a run executes, and how a range of days is asked of it."""

from collections.abc import Mapping
from datetime import date

import dagster as dg

from analytics_pipeline.days import DayRange

NIGHTLY = "nightly"
CODE_LOCATION = "analytics_pipeline"

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"

LONGEST_RANGE = 31
"""Days of one run that starts by itself, so that the nights after a long downtime end one by one."""

nightly_job = dg.define_asset_job(
    NIGHTLY,
    description=(
        "Reads the course catalogue where there is one, seals what the inbox holds of the range's days, "
        "builds their learner days, publishes their tables, "
        "then the cohort tables and the signals as of the last day without a gap before it. A day that fails "
        "stops no other; the run then ends as failed and names it."
    ),
)
"""Everything, from the inbox to the signals; its days are those of the assets."""


def range_tags(days: DayRange) -> dict[str, str]:
    """The tags that make one run of these days."""
    return {RANGE_START: days.first.isoformat(), RANGE_END: days.last.isoformat()}


def days_asked(tags: Mapping[str, str]) -> DayRange | None:
    """The days that a run with these tags was asked for; None where it has none, or none of ours."""
    first, last = (tags.get(name, tags.get("dagster/partition", "")) for name in (RANGE_START, RANGE_END))
    try:
        return DayRange(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        return None
