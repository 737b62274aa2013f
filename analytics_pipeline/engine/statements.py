"""What an open DuckDB session is asked: relations in, rows out."""

import warnings
from pathlib import Path

import duckdb
import pandas as pd

from analytics_pipeline.engine.relations import Parameters, ParquetFiles, Relation, Schema, TypedFrame

# Ids and instants hardly repeat: to try them as dictionaries takes a fifth of the writing and saves no byte.
PARQUET = (
    "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, "
    "DICTIONARY_SIZE_LIMIT 2000, WRITE_BLOOM_FILTER false"
)


def create_view(duck: duckdb.DuckDBPyConnection, name: str, relation: Relation) -> None:
    """Make `relation` readable by `name` in this session, in the place of what was called so before."""
    if not isinstance(relation, TypedFrame | ParquetFiles):
        duck.register(name, relation)
        return
    # As a statement, since DuckDB reads what a relation of its Python interface is made of at each step anew.
    duck.execute(f"CREATE OR REPLACE VIEW {quoted(name)} AS {_typed_rows(duck, name, relation)}")


def _typed_rows(duck: duckdb.DuckDBPyConnection, name: str, relation: TypedFrame | ParquetFiles) -> str:
    if isinstance(relation, ParquetFiles) and relation.paths:
        source = f"read_parquet([{', '.join(map(literal, relation.paths))}])"
    elif isinstance(relation, TypedFrame) and not relation.data.empty:
        duck.register(f"frame of {name}", relation.data)
        source = quoted(f"frame of {name}")
    else:
        nothing = ", ".join(f"NULL::{kind} AS {quoted(column)}" for column, kind in relation.schema.items())
        return f"SELECT {nothing} WHERE false"
    columns = ", ".join(
        f"{quoted(column)}::{kind} AS {quoted(column)}" for column, kind in relation.schema.items()
    )
    return f"SELECT {columns} FROM {source}"  # noqa: S608  # quoted names, types of ours


def create_table(duck: duckdb.DuckDBPyConnection, name: str, sql: str, parameters: Parameters) -> None:
    """Keep the rows of the model under `name` in this session."""
    duck.execute(f"CREATE TABLE {quoted(name)} AS {sql}", taken_by(sql, parameters))


def described_in(duck: duckdb.DuckDBPyConnection, sql: str, parameters: Parameters) -> Schema:
    """The columns of the model within an open session, and their types."""
    described = duck.execute(f"DESCRIBE {sql}", taken_by(sql, parameters)).fetchall()
    return {name: kind for name, kind, *_ in described}


def frame_in(duck: duckdb.DuckDBPyConnection, sql: str, parameters: Parameters) -> pd.DataFrame:
    """The rows of the model within an open session."""
    with warnings.catch_warnings():
        # DuckDB 1.5 converts DATE columns by a pandas keyword that pandas 3.1 deprecates.
        warnings.simplefilter("ignore", pd.errors.Pandas4Warning)
        return duck.execute(sql, taken_by(sql, parameters)).df()


def copy_to_parquet(
    duck: duckdb.DuckDBPyConnection,
    sql: str,
    parameters: Parameters,
    path: Path | str,
) -> int:
    """Write the rows of `sql` to one Parquet file within an open session; return how many there are."""
    statement = f"COPY ({select_from('*', sql)}) TO $target_path ({PARQUET})"
    return _copy(duck, statement, taken_by(sql, parameters), path)


def copy_to_csv(duck: duckdb.DuckDBPyConnection, sql: str, parameters: Parameters, path: Path) -> int:
    """Write the rows of `sql` as PostgreSQL's COPY reads CSV with a header; return how many there are."""
    columns = ", ".join(_for_postgres(*column) for column in described_in(duck, sql, parameters).items())
    statement = f"COPY ({select_from(columns, sql)}) TO $target_path (FORMAT csv, HEADER)"
    return _copy(duck, statement, taken_by(sql, parameters), path)


def quoted(identifier: str) -> str:
    """An identifier, safe to stand in SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A text, as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


def select_from(columns: str, sql: str) -> str:
    """These columns of the rows of `sql`."""
    # The line break ends a comment that may stand on the model's last line.
    return f"SELECT {columns} FROM ({sql.strip().removesuffix(';')}\n)"  # noqa: S608  # a model, quoted names


def _copy(duck: duckdb.DuckDBPyConnection, statement: str, parameters: Parameters, path: Path | str) -> int:
    row = duck.execute(statement, {**parameters, "target_path": str(path)}).fetchone()
    return int(row[0]) if row else 0


def taken_by(sql: str, parameters: Parameters) -> dict[str, object]:
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
