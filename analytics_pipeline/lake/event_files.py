"""Writes a day's events to files: one, or several of a large day, each with all events of its learners.

Learner days then work on one file after the other, where they would look through the whole day for each part
of its learners.
"""

from collections.abc import Collection, Iterable

import duckdb

from analytics_pipeline.engine import Parameters, copy_apart, copy_to_parquet, parts_of, path_of_whole
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.lake.schema import APART


def write_events(
    duck: duckdb.DuckDBPyConnection, lake: Lake, sql: str, parameters: Parameters, *, name: str, expected: int
) -> tuple[list[str], int]:
    """Write the events of `sql`, about `expected` of them, and return the files' names and the events.

    A write that fails may leave files, which nothing names.
    """
    parts = parts_of(expected)
    if parts == 1:
        return [name], copy_to_parquet(duck, sql, parameters, lake.place(name))
    written = copy_apart(duck, sql, parameters, lake.place(name), columns=APART, parts=parts)
    return [lake.name_of(path) for path in written.paths], written.rows


def writings(names: Iterable[str]) -> set[str]:
    """What was written when: the files of one write count as one."""
    return {path_of_whole(name) for name in names}


def are_apart(names: Collection[str]) -> bool:
    """Whether no learner has events in two of these files.

    Only the files of one write are sure to be apart: by what DuckDB tells learners apart, it may tell them
    apart differently in another version.
    """
    return len(writings(names)) == 1
