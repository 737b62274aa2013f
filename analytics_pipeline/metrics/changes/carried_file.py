"""Files of the lake that the next publication may name, for later nights to look things up in."""

from datetime import date

from duckdb import DuckDBPyConnection

from analytics_pipeline.engine import ParquetFiles, Schema, copy_to_parquet
from analytics_pipeline.lake.schema import Kind
from analytics_pipeline.run import PipelineRun

RECENT_SHARE = 1 / 8
"""Of a base file, above which the recent one is made one with it."""


def carried_file(run: PipelineRun, name: str | None, schema: Schema) -> ParquetFiles:
    """What stands in this file of the lake; nothing where none is named."""
    return ParquetFiles(run.lake.paths([] if name is None else [name]), schema)


def write_carried_file(
    run: PipelineRun, duck: DuckDBPyConnection, kind: Kind, sql: str, as_of: date
) -> tuple[str, int]:
    """Write the rows of the session's `sql` durably; the name of the file, and how many rows it has."""
    name = run.lake.new_name(kind, as_of, 1)
    rows = copy_to_parquet(duck, sql, {}, run.lake.place(name))
    run.lake.persist([name])
    return name, rows
