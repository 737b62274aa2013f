"""Asset checks: what the publishing transactions have evaluated, and whether any due day is old."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from analytics_pipeline.database.publish import Check, CheckResult
from analytics_pipeline.days import contiguous_ranges, day_of
from analytics_pipeline.lake.catalogue import due_days
from analytics_pipeline.metrics.models import Model
from analytics_pipeline.settings import load_settings
from resources import DatabaseResource


def check_specs(checks: Sequence[Check], models: Sequence[Model]) -> list[dg.AssetCheckSpec]:
    """One asset check for each check of a publication.

    None blocks: a failed one has already kept its transaction from publishing anything.
    """
    return [
        dg.AssetCheckSpec(check.name, asset=checked_asset(check, models), description=check.description)
        for check in checks
    ]


def checked_asset(check: Check, models: Sequence[Model]) -> str:
    """The table that the check is about: the one its name begins with, else the first new one it reads."""
    names = [model.name for model in models]
    named = [name for name in names if check.name.startswith(name)]
    read = [name for name in re.findall(r"\bnew_(\w+)", check.sql) if name in names]
    return str([*named, *read, names[0]][0])


def report_checks(
    checks: Sequence[Check], models: Sequence[Model], results: Iterable[CheckResult]
) -> Iterator[dg.AssetCheckResult]:
    """What the publication found; a check that nothing was published for passes, and says so."""
    found = {result.name: result for result in results}
    for check in checks:
        result = found.get(check.name)
        yield dg.AssetCheckResult(
            check_name=check.name,
            asset_key=checked_asset(check, models),
            passed=result is None or result.passed,
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={"violations": result.violations if result else 0, "evaluated": result is not None},
        )


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
