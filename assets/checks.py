"""Asset checks that tell what the publishing transactions have evaluated."""

import re
from collections.abc import Iterable, Iterator, Sequence

import dagster as dg

from analytics_pipeline.database.checks import Check, CheckResult
from analytics_pipeline.metrics.models import Model


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
