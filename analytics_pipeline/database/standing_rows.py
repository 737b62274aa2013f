"""Rows that only say what has changed become whole: what stands published is added to them."""

from collections.abc import Collection
from typing import Any

from psycopg import Connection, sql
from sqlalchemy import Column, Table

from analytics_pipeline.database.cohort_scope import CohortScope, in_moved
from analytics_pipeline.database.new_rows import (
    added_columns,
    agreed_columns,
    column_list,
    new_table,
    published_columns,
    published_table,
)
from analytics_pipeline.database.tables.columns import ADDED_AS

# Each row of a cohort that is replaced says when it was.
_ADD = """
    WITH change AS (DELETE FROM {new} RETURNING *)
    INSERT INTO {new} ({columns})
    SELECT {added}
      FROM (SELECT {columns} FROM change
            UNION ALL
            SELECT {columns} FROM {table} WHERE {in_moved} AND NOT course_id = ANY(%(stale)s)) AS part
     GROUP BY {agreed}
    HAVING {any_number}
"""


def add_standing_rows(connection: Connection, table: Table, scope: CohortScope) -> None:
    """Make the new rows of a table that holds changes all rows of its cohorts; one without a number is none.

    Rows of `stale` courses do not hold, and are not added.
    """
    numbers = added_columns(table)
    any_number = [sql.SQL("sum({}) <> 0").format(sql.Identifier(name)) for name in numbers]
    names = {
        "new": new_table(table),
        "table": published_table(table),
        "columns": column_list(table),
        "added": sql.SQL(", ").join(
            _added(table.columns[name], numbers) for name in published_columns(table)
        ),
        "agreed": sql.SQL(", ").join(map(sql.Identifier, agreed_columns(table))),
        "any_number": sql.SQL(" OR ").join(any_number),
        "in_moved": in_moved(table),
    }
    connection.execute(sql.SQL(_ADD).format(**names), {"stale": list(scope.stale)})
    connection.execute(sql.SQL("ANALYZE {}").format(new_table(table)))


def _added(column: Column[Any], numbers: Collection[str]) -> sql.Composable:
    if column.name == "as_of":
        return sql.SQL("max(max(as_of)) OVER ()")
    if column.name not in numbers:
        return sql.Identifier(column.name)
    if ADDED_AS in column.info:
        return sql.SQL(column.info[ADDED_AS])
    return sql.SQL("sum({})").format(sql.Identifier(column.name))
