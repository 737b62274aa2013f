"""Says a model in Spark's SQL; what sqlglot leaves different between the two dialects is made alike here."""

from functools import cache

import sqlglot
from sqlglot import exp

from analytics_pipeline.engine.relations import Schema


@cache
def for_spark(sql: str) -> tuple[str, frozenset[str]]:
    """The model in Spark's SQL, and the names of the parameters that it takes, which are written `:as_of`."""
    model = sqlglot.parse_one(sql, read="duckdb")
    parameters = frozenset(node.name for node in model.find_all(exp.Placeholder))
    for rule in (_null_for_no_rows, _microseconds, _key):
        model = model.transform(rule)
    return model.sql("spark"), parameters


def columns_for_spark(schema: Schema) -> str:
    """The columns of a relation as Spark's DDL has them."""
    return ", ".join(
        f"`{name}` {exp.DataType.build(kind, dialect='duckdb').sql('spark')}" for name, kind in schema.items()
    )


def _null_for_no_rows(node: exp.Expression) -> exp.Expression:
    """DuckDB's `array_agg` of no rows is null, Spark's `collect_list` an empty list."""
    aggregate = node.this if isinstance(node, exp.Filter) else node
    if not isinstance(aggregate, exp.ArrayAgg):
        return node
    return exp.Nullif(this=node.copy(), expression=exp.Array())


def _microseconds(node: exp.Expression) -> exp.Expression:
    """An instant as microseconds since the epoch."""
    if isinstance(node, exp.Anonymous) and node.name.lower() == "epoch_us":
        return exp.UnixMicros(this=node.expressions[0])
    return node


def _key(node: exp.Expression) -> exp.Expression:
    """A hash as a key, of 64 bits in DuckDB and of 32 in Spark: there the values stand for themselves."""
    if isinstance(node, exp.Anonymous) and node.name.lower() == "hash":
        return exp.Struct(expressions=node.expressions)
    return node
