"""Rows that only say what has changed become whole: what stands published is added to them."""

from psycopg import Connection, sql
from sqlalchemy import Table

from analytics_pipeline.database.cohort_scope import CohortScope, in_moved
from analytics_pipeline.database.new_rows import (
    column_list,
    key_columns,
    new_table,
    number_columns,
    published_table,
)

# Each row of a cohort that is replaced says when it was.
_ADD = """
    WITH change AS (DELETE FROM {new} RETURNING *)
    INSERT INTO {new} ({columns})
    SELECT {key}, {sums}, max(max(as_of)) OVER ()
      FROM (SELECT {columns} FROM change
            UNION ALL
            SELECT {columns} FROM {table} WHERE {in_moved} AND NOT course_id = ANY(%(stale)s)) AS part
     GROUP BY {key}
    HAVING {any_number}
"""


def add_standing_rows(connection: Connection, table: Table, scope: CohortScope) -> None:
    """Make the new rows of a table that holds changes all rows of its cohorts; one without a number is none.

    Its columns are key, numbers and as-of. Rows of `stale` courses do not hold, and are not added.
    """
    key, numbers = ([sql.Identifier(name) for name in of(table)] for of in (key_columns, number_columns))
    names = {
        "new": new_table(table),
        "table": published_table(table),
        "columns": column_list(table),
        "key": sql.SQL(", ").join(key),
        "sums": sql.SQL(", ").join(sql.SQL("sum({})").format(number) for number in numbers),
        "any_number": sql.SQL(" OR ").join(sql.SQL("sum({}) <> 0").format(number) for number in numbers),
        "in_moved": in_moved(table),
    }
    connection.execute(sql.SQL(_ADD).format(**names), {"stale": list(scope.stale)})
    connection.execute(sql.SQL("ANALYZE {}").format(new_table(table)))
