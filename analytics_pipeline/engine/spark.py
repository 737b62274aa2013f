"""Runs the SQL models on a Spark cluster: its workers read and write the lake's files.

What comes back to this process are the rows to publish, as Arrow; DuckDB makes frames and CSV of them, so
that both engines spell every value alike.
"""

import socket
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from analytics_pipeline.engine.dialect import columns_for_spark, for_spark
from analytics_pipeline.engine.duckdb import Engine
from analytics_pipeline.engine.relations import (
    Apart,
    ModelFailedError,
    Parameters,
    ParquetFiles,
    Relation,
    TypedFrame,
    WrittenDay,
)

_ROWS = "SELECT * FROM model_rows"
_CONFIGURATION = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    # DuckDB takes Spark's default, a format of its own, for an instant without a time zone.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.compression.codec": "zstd",
}
_MARK_SUCCESS = "mapreduce.fileoutputcommitter.marksuccessfuljobs"
_REACH_SECONDS = 10


class ClusterUnreachableError(Exception):
    """Nothing answers where the cluster should be; the message is one sentence."""


class SparkReading:
    """Models over relations that are there by name in the session; see `Reading`."""

    def __init__(self, session: SparkSession, duck: Engine) -> None:
        self._session = session
        self._duck = duck

    def frame(self, sql: str, parameters: Parameters) -> pd.DataFrame:
        """See `Reading`."""
        return self._duck.frame(_ROWS, {"model_rows": self._collect(sql, parameters)}, {})

    def write_csv(self, sql: str, parameters: Parameters, path: Path, _: Apart | None = None) -> int:
        """See `Reading`; a cluster parts its work by itself."""
        with self._duck.reading({"model_rows": self._collect(sql, parameters)}) as reading:
            return reading.write_csv(_ROWS, {}, path)

    def rows(self, sql: str, parameters: Parameters) -> DataFrame:
        """The model's rows, where they are."""
        query, taken = for_spark(sql)
        return self._session.sql(query, {name: parameters[name] for name in taken})

    def _collect(self, sql: str, parameters: Parameters) -> pa.Table:
        return self.rows(sql, parameters).toArrow()


class Spark:
    """Runs models on a cluster; `Models` says what each function promises."""

    def __init__(self, session: SparkSession, duck: Engine) -> None:
        self._session = session
        self._duck = duck

    @contextmanager
    def reading(self, relations: Mapping[str, Relation]) -> Iterator[SparkReading]:
        """See `Models`; raises ModelFailedError."""
        try:
            with _no_word_of_pandas():
                for name, relation in relations.items():
                    self._read(relation).createOrReplaceTempView(name)
                yield SparkReading(self._session, self._duck)
        except PySparkException as error:
            raise ModelFailedError(f"Spark could not run a model: {error}") from error
        finally:
            for name in relations:
                self._session.catalog.dropTempView(name)

    def write_days(
        self, sql: str, relations: Mapping[str, Relation], paths: Mapping[date, str], _: Apart
    ) -> dict[date, WrittenDay]:
        """See `Models`; each path becomes a folder, with as many files as Spark finds fit."""
        with self.reading(relations) as reading:
            once = reading.rows(sql, {})
            # One pass over many small days; a large day alone goes to its files without a stop between.
            rows = once.persist() if len(paths) > 1 else once
            try:
                return {day: self._write(rows, day, path) for day, path in paths.items()}
            finally:
                rows.unpersist()

    def _write(self, rows: DataFrame, day: date, path: str) -> WrittenDay:
        of_day = rows.where(rows["day"] == day).hint("rebalance")
        of_day.write.option(_MARK_SUCCESS, "false").parquet(_for_hadoop(path))
        written = self._session.read.parquet(_for_hadoop(path))
        parts = sorted(urlsplit(file).path.rpartition("/")[2] for file in written.inputFiles())
        return WrittenDay([f"{path}/{part}" for part in parts], written.count())

    def _read(self, relation: Relation) -> DataFrame:
        if isinstance(relation, ParquetFiles) and relation.paths:
            reader = self._session.read.schema(columns_for_spark(relation.schema))
            return reader.parquet(*map(_for_hadoop, relation.paths))
        if isinstance(relation, ParquetFiles) or (isinstance(relation, TypedFrame) and relation.data.empty):
            # Spark Connect takes no types from Arrow without rows.
            return self._session.createDataFrame([], columns_for_spark(relation.schema))
        with self._duck.session({"relation": relation}) as duck:
            return self._session.createDataFrame(duck.table("relation").to_arrow_table())


@contextmanager
def open_spark(master: str, duck: Engine) -> Iterator[Spark]:
    """A session on the cluster at `spark://…`, or at `sc://…` by Spark Connect, that ends with the block.

    Raises ClusterUnreachableError.
    """
    _reach(master)
    builder = SparkSession.builder.appName("learner analytics")
    if master.startswith("sc://"):
        builder = builder.remote(master)
    else:
        builder = builder.master(master).config("spark.ui.showConsoleProgress", "false")
    for name, value in _CONFIGURATION.items():
        builder = builder.config(name, value)
    with _no_word_of_pandas():
        session = builder.getOrCreate()
    try:
        yield Spark(session, duck)
    finally:
        session.stop()


@contextmanager
def _no_word_of_pandas() -> Iterator[None]:
    # Spark warns of pandas 3 wherever Arrow goes in or out, also where no pandas is used, as here.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        yield


def _reach(master: str) -> None:
    """One of the addresses must answer: Spark itself would try for a minute, and fill pages."""
    last: OSError | None = None
    for address in master.partition("://")[2].partition("/")[0].split(","):
        parts = urlsplit(f"//{address}")
        try:
            socket.create_connection((parts.hostname, parts.port or 15002), _REACH_SECONDS).close()
        except OSError as error:
            last = error
        else:
            return
    raise ClusterUnreachableError(
        f"No Spark answers at {master} ({last}); start the cluster or correct ANALYTICS_SPARK_MASTER."
    )


def _for_hadoop(path: str) -> str:
    """The path as the workers' file systems know it."""
    return path.replace("s3://", "s3a://", 1)
