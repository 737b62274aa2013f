"""Files of the lake that the next publication may name, for later nights to look things up in."""

from datetime import date

from duckdb import DuckDBPyConnection

from analytics_pipeline.engine import ParquetFiles, Schema, copy_to_parquet
from analytics_pipeline.lake.schema import Kind
from analytics_pipeline.run import PipelineRun

RECENT_SHARE = 1 / 8
"""Of a base file, above which the recent one is made one with it."""


def lookup_file(run: PipelineRun, name: str | None, schema: Schema) -> ParquetFiles:
    """What stands in this file of the lake; nothing where none is named."""
    return ParquetFiles(run.lake.paths([] if name is None else [name]), schema)


def write_lookup_files(
    run: PipelineRun,
    duck: DuckDBPyConnection,
    kind: Kind,
    base: str | None,
    as_of: date,
    *,
    recent: str,
    as_one: str,
) -> tuple[str | None, str | None]:
    """Write the rows of the session's `recent` durably, or those of `as_one` when the recent ones have grown.

    The names of the base file and of the recent one, where there is one: `base`, which the session reads as
    `base_<kind>`, stays until then.
    """
    counted = f"SELECT (SELECT count(*) FROM ({recent})), (SELECT count(*) FROM base_{kind})"  # noqa: S608  # ours
    rows, of_base = duck.execute(counted).fetchall()[0]
    has_grown = base is None or rows > of_base * RECENT_SHARE
    name = run.lake.new_name(kind, as_of, 1)
    copy_to_parquet(duck, as_one if has_grown else recent, {}, run.lake.place(name))
    run.lake.persist([name])
    return (name, None) if has_grown else (base, name)
