"""Runs SQL models over relations, in this process, within a set memory: DuckDB.

A model is one plain SELECT that reads its relations by name and takes named parameters (`$as_of`).
Instants are UTC throughout; what does not fit into memory is spilled to the scratch folder.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import duckdb
import pandas as pd

from analytics_pipeline.engine.parts import rows_in_parts, write_in_parts
from analytics_pipeline.engine.relations import Apart, Parameters, Relation, WrittenDay
from analytics_pipeline.engine.statements import copy_to_csv, copy_to_parquet, create_view, frame_in

_ROWS_OF_DAY = "SELECT * FROM all_days WHERE day = $day"


class DuckReading:
    """A session in which models read these relations; see `Reading`."""

    def __init__(self, duck: duckdb.DuckDBPyConnection, relations: Mapping[str, Relation]) -> None:
        self._duck = duck
        self._relations = relations

    def frame(self, sql: str, parameters: Parameters) -> pd.DataFrame:
        """See `Reading`."""
        return frame_in(self._duck, sql, parameters)

    def write_csv(self, sql: str, parameters: Parameters, path: Path, apart: Apart | None = None) -> int:
        """See `Reading`."""
        if apart is not None:
            sql = rows_in_parts(self._duck, sql, self._relations, parameters, apart)
        return copy_to_csv(self._duck, sql, parameters, path)


class Engine:
    """Runs models. Each call works in a database of its own, so calls from several threads do not meet."""

    def __init__(
        self,
        scratch: Path,
        attach: Callable[[duckdb.DuckDBPyConnection], None] = lambda _: None,
        memory_limit: str = "1GB",
        threads: int | None = None,
    ) -> None:
        """`attach` lets a session reach files that DuckDB does not reach by itself, such as a bucket's."""
        self.scratch = scratch
        self._attach = attach
        self._memory_limit = memory_limit
        self._threads = threads

    def frame(self, sql: str, relations: Mapping[str, Relation], parameters: Parameters) -> pd.DataFrame:
        """The rows of the model, for results that fit into memory."""
        with self.session(relations) as duck:
            return frame_in(duck, sql, parameters)

    @contextmanager
    def reading(self, relations: Mapping[str, Relation]) -> Iterator[DuckReading]:
        """See `Models`."""
        with self.session(relations) as duck:
            yield DuckReading(duck, relations)

    def write_parquet(
        self,
        sql: str,
        relations: Mapping[str, Relation],
        parameters: Parameters,
        path: Path | str,
    ) -> int:
        """Write the model's rows to one Parquet file; return how many there are."""
        with self.session(relations) as duck:
            return copy_to_parquet(duck, sql, parameters, path)

    def write_parts(self, sql: str, relations: Mapping[str, Relation], path: str, apart: Apart) -> list[str]:
        """Write the model's rows to one Parquet file, or to several beside each other; where they lie."""
        with self.session(relations) as duck:
            return write_in_parts(duck, sql, relations, path, apart).paths

    def write_days(
        self, sql: str, relations: Mapping[str, Relation], paths: Mapping[date, str], apart: Apart
    ) -> dict[date, WrittenDay]:
        """Write the model's rows of each of these days to a file of its own, of a large day to several."""
        with self.session(relations) as duck:
            if len(paths) > 1:
                # One pass over many small days.
                duck.execute(f"CREATE TABLE all_days AS {sql}")
                return {
                    day: WrittenDay([path], copy_to_parquet(duck, _ROWS_OF_DAY, {"day": day}, path))
                    for day, path in paths.items()
                }
            return {day: write_in_parts(duck, sql, relations, path, apart) for day, path in paths.items()}

    @contextmanager
    def scratch_folder(self, purpose: str) -> Iterator[Path]:
        """A folder on the disk for what is needed no longer than the block."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{purpose}-", dir=self.scratch) as folder:
            yield Path(folder)

    def clear_leftovers(self, before: datetime) -> None:
        """Remove what killed processes left in the scratch folder and nobody touched since `before`."""
        for path in self.scratch.glob("*/") if self.scratch.is_dir() else ():
            if path.stat().st_mtime < before.timestamp():
                shutil.rmtree(path)

    @contextmanager
    def session(self, relations: Mapping[str, Relation] | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """A DuckDB database of its own, with `relations` as views; it and its spill end with the block."""
        with self.scratch_folder("spill") as spill:
            config: dict[str, str | bool | int | float | list[str]] = {
                "memory_limit": self._memory_limit,
                "temp_directory": str(spill),
                "autoinstall_known_extensions": False,
            }
            if self._threads is not None:
                config["threads"] = self._threads
            with duckdb.connect(":memory:", config=config) as duck:
                duck.execute("SET TimeZone = 'UTC'")
                # In a terminal DuckDB would draw a bar for every statement.
                duck.execute("SET enable_progress_bar = false")
                self._attach(duck)
                for name, relation in (relations or {}).items():
                    create_view(duck, name, relation)
                yield duck
