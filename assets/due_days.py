"""The asset check that says whether any due day is old."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from analytics_pipeline.days import contiguous_ranges, day_of
from analytics_pipeline.lake.catalogue import due_days
from analytics_pipeline.settings import load_settings
from resources import DatabaseResource


@dg.asset_check(
    asset="event_day",
    name="no_due_day_is_old",
    description=(
        "Every day before yesterday is published as it was sealed, and nothing of it waits in the inbox. "
        "Freshness does not tell: it looks at the newest partition only."
    ),
)
def no_due_day_is_old(database: DatabaseResource) -> dg.AssetCheckResult:
    """Judged from the inbox and the lake's catalogue, never from Dagster's records."""
    today = day_of(datetime.now(UTC), load_settings().zone)
    with database.connect("asset check") as connection:
        old = old_days(due_days(connection, today), today)
    return dg.AssetCheckResult(
        passed=not old,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "due days": len(old),
            "which": ", ".join(str(days) for days in contiguous_ranges(old, longest=100_000)) or "none",
        },
    )


def old_days(due: Sequence[date], today: date) -> list[date]:
    """Those of the due days that ended more than a day ago."""
    return [day for day in due if day < today - timedelta(days=1)]
