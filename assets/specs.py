"""How assets are described and run: their groups, the pool, one run for any range, the spec of a table."""

from collections.abc import Sequence

import dagster as dg

from analytics_pipeline.metrics.models import Model

LAKE = "lake"
CATALOGUE = "catalogue"
DAILY_TABLES = "daily_tables"
COHORT_TABLES = "cohort_tables"
SIGNALS = "signals"

POOL = "analytics"
"""One step at a time takes part in it, whichever way its run was started."""

ONE_RUN = dg.BackfillPolicy.single_run()
"""Of every partitioned asset: a mixture of policies would split a range into runs of a day."""


def table_spec(model: Model, group: str, deps: Sequence[str]) -> dg.AssetSpec:
    """The asset of a published table; what people read about it is the definition in its model."""
    return dg.AssetSpec(
        model.name,
        deps=deps,
        description=describe(model.definition),
        group_name=group,
        kinds={"postgres", "sql"},
        metadata={"dagster/table_name": f"{model.table.schema}.{model.name}"},
    )


def describe(definition: str) -> str:
    """A definition for the catalogue: its first paragraph as it is, the rest as it stands in the SQL."""
    summary, _, rest = definition.partition("\n\n")
    return f"{summary}\n\n```text\n{rest}\n```" if rest else summary
