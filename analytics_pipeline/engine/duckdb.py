"""Runs SQL models over relations, in this process, within a set memory: DuckDB.

A model is one plain SELECT that reads its relations by name and takes named parameters (`$as_of`).
Instants are UTC throughout; what does not fit into memory is spilled to the scratch folder.
"""

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import duckdb
import pandas as pd

from analytics_pipeline.engine.relations import (
    Apart,
    Parameters,
    ParquetFiles,
    Relation,
    Schema,
    TypedFrame,
    WrittenDay,
)

PART_ROWS = 1_000_000
"""A day of more rows is worked on in parts of about as many."""

_ROWS_OF_DAY = "SELECT * FROM all_days WHERE day = $day"
# Ids and instants hardly repeat: to try them as dictionaries takes a fifth of the writing and saves no byte.
_PARQUET = (
    "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, "
    "DICTIONARY_SIZE_LIMIT 2000, WRITE_BLOOM_FILTER false"
)


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

    def write_csv(
        self, sql: str, relations: Mapping[str, Relation], parameters: Parameters, path: Path
    ) -> int:
        """Write the model's rows as PostgreSQL's COPY reads CSV with a header; return how many there are.

        Null is an empty unquoted field, an empty string is quoted, lists are PostgreSQL array literals,
        structs and maps are JSON.
        """
        taken = _taken_by(sql, parameters)
        with self.session(relations) as duck:
            described = duck.execute(f"DESCRIBE {sql}", taken).fetchall()
            columns = ", ".join(_for_postgres(name, kind) for name, kind, *_ in described)
            inner = _select(columns, sql)
            return _copy(duck, f"COPY ({inner}) TO $target_path (FORMAT csv, HEADER)", taken, path)

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
            return {day: _write_in_parts(duck, sql, path, apart) for day, path in paths.items()}

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


def _write_in_parts(duck: duckdb.DuckDBPyConnection, sql: str, path: str, apart: Apart) -> WrittenDay:
    """Part after part of the relation, so that memory does not grow with it."""
    whole = quoted(f"whole_{apart.relation}")
    duck.execute(f"ALTER VIEW {quoted(apart.relation)} RENAME TO {whole}")
    rows = duck.sql(f"FROM {whole}").count("*").fetchall()[0][0]
    parts = max(1, -(-rows // PART_ROWS))
    columns = ", ".join(map(quoted, apart.columns))
    written = WrittenDay([], 0)
    for part in range(parts):
        duck.execute(
            f"CREATE OR REPLACE VIEW {quoted(apart.relation)} AS"
            f" FROM {whole} WHERE hash({columns}) % {parts} = {part}"
        )
        target = path.replace(".parquet", f"-{part}.parquet") if parts > 1 else path
        count = copy_to_parquet(duck, sql, {}, target)
        written = WrittenDay([*written.paths, target], written.rows + count)
    return written


def create_view(duck: duckdb.DuckDBPyConnection, name: str, relation: Relation) -> None:
    """Make `relation` readable by `name` in this session."""
    if not isinstance(relation, TypedFrame | ParquetFiles):
        duck.register(name, relation)
        return
    if isinstance(relation, TypedFrame):
        rows = duck.from_df(relation.data)
    elif relation.paths:
        rows = duck.from_parquet(list(relation.paths))
    else:
        nothing = ", ".join(f"NULL AS {quoted(column)}" for column in relation.schema)
        rows = duck.sql(f"SELECT {nothing}").filter("false")
    columns = [f"{quoted(column)}::{kind} AS {quoted(column)}" for column, kind in relation.schema.items()]
    rows.project(", ".join(columns)).create_view(name)


def create_table(duck: duckdb.DuckDBPyConnection, name: str, sql: str, parameters: Parameters) -> None:
    """Keep the rows of the model under `name` in this session."""
    duck.execute(f"CREATE TABLE {quoted(name)} AS {sql}", _taken_by(sql, parameters))


def described_in(duck: duckdb.DuckDBPyConnection, sql: str, parameters: Parameters) -> Schema:
    """The columns of the model within an open session, and their types."""
    described = duck.execute(f"DESCRIBE {sql}", _taken_by(sql, parameters)).fetchall()
    return {name: kind for name, kind, *_ in described}


def frame_in(duck: duckdb.DuckDBPyConnection, sql: str, parameters: Parameters) -> pd.DataFrame:
    """The rows of the model within an open session."""
    with warnings.catch_warnings():
        # DuckDB 1.5 converts DATE columns by a pandas keyword that pandas 3.1 deprecates.
        warnings.simplefilter("ignore", pd.errors.Pandas4Warning)
        return duck.execute(sql, _taken_by(sql, parameters)).df()


def copy_to_parquet(
    duck: duckdb.DuckDBPyConnection,
    sql: str,
    parameters: Parameters,
    path: Path | str,
) -> int:
    """Write the rows of `sql` to one Parquet file within an open session; return how many there are."""
    statement = f"COPY ({_select('*', sql)}) TO $target_path ({_PARQUET})"
    return _copy(duck, statement, _taken_by(sql, parameters), path)


def quoted(identifier: str) -> str:
    """An identifier, safe to stand in SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def _select(columns: str, sql: str) -> str:
    # The line break ends a comment that may stand on the model's last line.
    return f"SELECT {columns} FROM ({sql.strip().removesuffix(';')}\n)"  # noqa: S608  # a model, quoted names


def _copy(duck: duckdb.DuckDBPyConnection, statement: str, parameters: Parameters, path: Path | str) -> int:
    row = duck.execute(statement, {**parameters, "target_path": str(path)}).fetchone()
    return int(row[0]) if row else 0


def _taken_by(sql: str, parameters: Parameters) -> dict[str, object]:
    """Those of `parameters` that the model reads: DuckDB refuses any other."""
    names = duckdb.extract_statements(sql)[0].named_parameters
    return {name: value for name, value in parameters.items() if name in names}


def _for_postgres(name: str, kind: str) -> str:
    column = quoted(name)
    if kind.startswith(("STRUCT", "MAP")) or kind.endswith(")[]"):
        return f"to_json({column}) AS {column}"
    if kind.endswith("[]"):
        escaped = r"""'"' || replace(replace(item::VARCHAR, '\', '\\'), '"', '\"') || '"'"""
        items = f"list_transform({column}, lambda item: coalesce({escaped}, 'NULL'))"
        return f"'{{' || array_to_string({items}, ',') || '}}' AS {column}"
    return column
