"""Runs the SQL models: DuckDB in this process, or Spark on a cluster.

What seals and keeps the lake is DuckDB's in any case; `Models` is what both engines do.
"""

from analytics_pipeline.engine.duckdb import (
    Engine,
    copy_to_parquet,
    create_table,
    create_view,
    described_in,
    frame_in,
    quoted,
)
from analytics_pipeline.engine.relations import (
    Apart,
    ModelFailedError,
    Models,
    Parameters,
    ParquetFiles,
    Relation,
    Schema,
    TypedFrame,
    WrittenDay,
)

__all__ = [
    "Apart",
    "Engine",
    "ModelFailedError",
    "Models",
    "Parameters",
    "ParquetFiles",
    "Relation",
    "Schema",
    "TypedFrame",
    "WrittenDay",
    "copy_to_parquet",
    "create_table",
    "create_view",
    "described_in",
    "frame_in",
    "quoted",
]
