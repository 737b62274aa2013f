"""Runs the SQL models: DuckDB in this process, or Spark on a cluster.

What seals and keeps the lake is DuckDB's in any case; `Models` is what both engines do.
"""

from analytics_pipeline.engine.duckdb import Engine
from analytics_pipeline.engine.parts import copy_apart, parts_of, path_of_whole, rows_in_parts
from analytics_pipeline.engine.relations import (
    Apart,
    ModelFailedError,
    Models,
    Parameters,
    ParquetFiles,
    Reading,
    Relation,
    Schema,
    TypedFrame,
    WrittenDay,
)
from analytics_pipeline.engine.statements import (
    copy_to_csv,
    copy_to_parquet,
    create_table,
    create_view,
    described_in,
    frame_in,
    literal,
    quoted,
)

__all__ = [
    "Apart",
    "Engine",
    "ModelFailedError",
    "Models",
    "Parameters",
    "ParquetFiles",
    "Reading",
    "Relation",
    "Schema",
    "TypedFrame",
    "WrittenDay",
    "copy_apart",
    "copy_to_csv",
    "copy_to_parquet",
    "create_table",
    "create_view",
    "described_in",
    "frame_in",
    "literal",
    "parts_of",
    "path_of_whole",
    "quoted",
    "rows_in_parts",
]
