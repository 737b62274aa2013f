"""All orders in one file of the lake: they may be named on any day, and a night need not search every day.

It holds as of the publication that names it, as the cohort tables do: what has changed since tells which of
its days are read anew. A publication that counts every cohort names none, and the night after it searches
every day.
"""

from collections.abc import Mapping
from datetime import date

from duckdb import DuckDBPyConnection

from analytics_pipeline.engine import ParquetFiles, Relation, Schema
from analytics_pipeline.lake.schema import LEARNER_DAYS, Kind
from analytics_pipeline.metrics.carried_file import write_carried_file
from analytics_pipeline.run import PipelineRun

_ORDERS: Schema = {
    name: LEARNER_DAYS[name]
    for name in ("day", "course_id", "learner_id", "first_at", "purchases", "refunds")
}


def order_relations(
    run: PipelineRun, order_file: str | None, changed: Relation, every_day: Relation
) -> Mapping[str, Relation]:
    """What `tying_rows` reads: the file, and the days of which it does not tell."""
    told = [] if order_file is None else run.lake.paths([order_file])
    return {
        "told_orders": ParquetFiles(told, _ORDERS),
        "untold_days": every_day if order_file is None else changed,
    }


def write_orders(run: PipelineRun, duck: DuckDBPyConnection, as_of: date) -> str:
    """Write the session's `tying_rows` to a file that the next publication may name; its name."""
    name, _ = write_carried_file(run, duck, Kind.ORDERS, "SELECT * FROM tying_rows", as_of)
    return name
