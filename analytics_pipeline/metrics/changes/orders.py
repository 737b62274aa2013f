"""All orders in files of the lake: they may be named on any day, and a night need not search every day.

They hold as of the publication that names them, as the cohort tables do. A night writes the days that have
changed to the recent file, in the place of what the base file tells of them; when that has grown, both become
one. A publication that counts every cohort names none, and the night after it searches every day.
"""

from dataclasses import replace
from datetime import date

from duckdb import DuckDBPyConnection

from analytics_pipeline.engine import Relation, Schema, create_table, create_view
from analytics_pipeline.lake.schema import LEARNER_DAYS, Kind
from analytics_pipeline.metrics.changes.lookup_files import lookup_file, write_lookup_files
from analytics_pipeline.metrics.changes.sql import read_step
from analytics_pipeline.metrics.last_publication import LookupFiles
from analytics_pipeline.run import PipelineRun

_ORDERS: Schema = {
    "day": "DATE",
    "course_id": "VARCHAR",
    "learner_id": "VARCHAR",
    "order_id": "VARCHAR",
    "is_refund": "BOOLEAN",
    "entry": LEARNER_DAYS["purchases"].removesuffix("[]"),
}
# What a day has once told, it tells in every later form: one that tells again is told as a whole.
_OTHERS = "SELECT * FROM {told} ANTI JOIN {again} USING (day) UNION ALL SELECT * FROM {again}"


def tell_orders(
    run: PipelineRun, duck: DuckDBPyConnection, lookups: LookupFiles, every_day: Relation
) -> None:
    """Let the session read as `told_orders` those of the days that have not changed, or as they were before.

    Besides as `new_orders` those of its `changed_days`, and as `orders` all; `order_mentions` says what they
    hold. Without lookup files they are found in `every_day`.
    """
    mentions = read_step("order_mentions")
    create_table(duck, "new_orders", f"WITH days AS (FROM changed_days) {mentions}", {})
    create_view(duck, "base_orders", lookup_file(run, lookups.base_orders, _ORDERS))
    if lookups.base_orders is None:
        create_view(duck, "every_day", every_day)
        unchanged = "SELECT * FROM every_day ANTI JOIN changed_days USING (day)"
        create_table(duck, "recent_orders", f"WITH days AS ({unchanged}) {mentions}", {})
    else:
        create_view(duck, "recent_orders", lookup_file(run, lookups.recent_orders, _ORDERS))
    for name, told, again in (
        ("told_orders", "base_orders", "recent_orders"),
        ("orders", "told_orders", "new_orders"),
    ):
        duck.execute(f"CREATE VIEW {name} AS {_OTHERS.format(told=told, again=again)}")


def write_orders(
    run: PipelineRun, duck: DuckDBPyConnection, lookups: LookupFiles, as_of: date
) -> LookupFiles:
    """Write what the session tells to files that the next publication may name. Those of entries stay."""
    recent = _OTHERS.format(told="recent_orders", again="new_orders")
    # In this order, so that who asks for the orders of some days need not read all.
    as_one = "FROM orders ORDER BY day"
    names = write_lookup_files(
        run, duck, Kind.ORDERS, lookups.base_orders, as_of, recent=recent, as_one=as_one
    )
    return replace(lookups, base_orders=names[0], recent_orders=names[1])
