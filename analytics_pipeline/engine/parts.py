"""Large days and long pasts, worked on in parts, so that memory does not grow with them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import duckdb

from analytics_pipeline.engine.relations import Apart, Parameters, ParquetFiles, Relation, WrittenDay
from analytics_pipeline.engine.statements import (
    PARQUET,
    copy_to_parquet,
    create_table,
    create_view,
    quoted,
    select_from,
    taken_by,
)

PART_ROWS = 1_000_000
"""A day of more rows is worked on in parts of about as many."""


def parts_of(rows: int, rows_at_once: int | None = None) -> int:
    """How many parts that many rows make; at least one."""
    return max(1, -(-rows // (rows_at_once or PART_ROWS)))


def path_of_part(path: str, part: int | str) -> str:
    """What the part is called of what would lie at `path`."""
    return f"{path.removesuffix('.parquet')}-part-{part}.parquet"


def path_of_whole(path: str) -> str:
    """What the whole would be called, of a part or of what has none."""
    return re.sub(r"-part-\d+(?=\.parquet$)", "", path)


def copy_apart(
    duck: duckdb.DuckDBPyConnection,
    sql: str,
    parameters: Parameters,
    path: str,
    *,
    columns: Sequence[str],
    parts: int,
) -> WrittenDay:
    """Write the rows of `sql` to about `parts` files beside each other, in one pass.

    Rows that are alike in all `columns` lie in one file, called as `path_of_part` says; one that would be
    empty is not written.
    """
    folder, _, name = path.rpartition("/")
    numbered = select_from(f"*, {_part(columns, parts)} AS part", sql)
    pattern = path_of_part(name, "{i}").removesuffix(".parquet")
    files = f"HIVE_FILE_PATTERN false, FILENAME_PATTERN '{pattern}'"
    statement = (
        f"COPY ({numbered}) TO $target_path"
        f" ({PARQUET}, PARTITION_BY (part), {files}, OVERWRITE_OR_IGNORE, RETURN_FILES)"
    )
    # With more parts than files that it may hold open, 100 of itself, DuckDB closes one and begins it anew.
    duck.execute(f"SET partitioned_write_max_open_files = {parts}")
    taken = {**taken_by(sql, parameters), "target_path": folder}
    rows, paths = duck.execute(statement, taken).fetchall()[0]
    return WrittenDay(sorted(paths), int(rows))


def write_in_parts(
    duck: duckdb.DuckDBPyConnection,
    sql: str,
    relations: Mapping[str, Relation],
    path: str,
    apart: Apart,
) -> WrittenDay:
    """Write the model's rows to a file for each part of the relation `apart`, part after part."""
    written = WrittenDay([], 0)
    for part, parts in _each_part(duck, relations[apart.relation], apart):
        target = path_of_part(path, part) if parts > 1 else path
        count = copy_to_parquet(duck, sql, {}, target)
        written = WrittenDay([*written.paths, target], written.rows + count)
    return written


def rows_in_parts(
    duck: duckdb.DuckDBPyConnection,
    sql: str,
    relations: Mapping[str, Relation],
    parameters: Parameters,
    apart: Apart,
) -> str:
    """What selects the rows of the model; where `apart` has several parts, each was worked on in its turn.

    What that selects stands until this is asked again in the session.
    """
    for part, parts in _each_part(duck, relations[apart.relation], apart):
        if parts == 1:
            return sql
        if part == 0:
            duck.execute("DROP TABLE IF EXISTS rows_of_parts")
            create_table(duck, "rows_of_parts", sql, parameters)
        else:
            duck.execute(f"INSERT INTO rows_of_parts {sql}", taken_by(sql, parameters))
    return "FROM rows_of_parts"


def _each_part(
    duck: duckdb.DuckDBPyConnection, relation: Relation, apart: Apart
) -> Iterator[tuple[int, int]]:
    """Let the relation be one part after the other, and whole again in the end.

    Each part comes with its number, and how many there are.
    """
    if apart.files_are_apart and isinstance(relation, ParquetFiles):
        for part, path in enumerate(relation.paths):
            create_view(duck, apart.relation, replace(relation, paths=[path]))
            yield part, len(relation.paths)
        create_view(duck, apart.relation, relation)
        return
    name, whole = quoted(apart.relation), quoted(f"whole_{apart.relation}")
    rows = duck.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]  # noqa: S608  # quoted
    parts = parts_of(rows, apart.rows_at_once)
    if parts == 1:
        yield 0, 1
        return
    duck.execute(f"ALTER VIEW {name} RENAME TO {whole}")
    for part in range(parts):
        duck.execute(
            f"CREATE OR REPLACE VIEW {name} AS FROM {whole} WHERE {_part(apart.columns, parts)} = {part}"
        )
        yield part, parts
    duck.execute(f"DROP VIEW {name}; ALTER VIEW {whole} RENAME TO {name}")


def _part(columns: Sequence[str], parts: int) -> str:
    return f"hash({', '.join(map(quoted, columns))}) % {parts}"
