"""Which cohorts a publication replaces: those of the new rows at first, in the end only those that moved.

A cohort is a course and a cohort day. The temporary table `moved_<table>` holds those of a table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from psycopg import Connection, sql
from sqlalchemy import Table

from analytics_pipeline.database.new_rows import NEVER_COMPARED, new_table, published_columns, published_table

IN_MOVED = "(course_id, cohort_day) IN (SELECT course_id, cohort_day FROM {})"

_CREATE = "CREATE TEMPORARY TABLE {} (course_id text, cohort_day date) ON COMMIT DROP"
_COPY = "COPY {} (course_id, cohort_day) FROM STDIN"
_ALL = """
    INSERT INTO {moved}
    SELECT course_id, cohort_day FROM {new}
    UNION
    SELECT course_id, cohort_day FROM {table}
     WHERE %(since)s::date IS NULL OR cohort_day >= %(since)s
"""
# Rows are compared as a whole: a row that is gone, or new, moves its cohort as one that changed does.
_DIFFERING = """
    CREATE TEMPORARY TABLE differing ON COMMIT DROP AS
    WITH old AS (SELECT {columns} FROM {table} WHERE {in_moved}),
         new AS (SELECT {columns} FROM {new})
    SELECT course_id, cohort_day FROM (TABLE new EXCEPT ALL TABLE old) AS came
    UNION
    SELECT course_id, cohort_day FROM (TABLE old EXCEPT ALL TABLE new) AS gone
"""
_NARROW = """
    TRUNCATE {moved};
    INSERT INTO {moved} SELECT course_id, cohort_day FROM pg_temp.differing;
    DROP TABLE pg_temp.differing
"""


@dataclass(frozen=True)
class CohortScope:
    """The rows of cohorts are replaced, save those of the courses set aside, and only of cohorts that moved.

    Rows of cohort days before `since` are frozen: they stay, and are not compared. A row that did not move
    keeps its as-of, though it holds as of the last publication as well, which is `standing_as_of` (None: what
    each row says); not so the rows of `stale` courses, which were set aside then.
    """

    since: date | None = None
    standing_as_of: datetime | None = None
    stale: Sequence[str] = ()


def moved_table(table: Table) -> sql.Identifier:
    """The temporary table of the cohorts that are replaced."""
    return sql.Identifier("pg_temp", f"moved_{table.name}")


def in_moved(table: Table) -> sql.Composed:
    """The condition on a row of `table` that it is replaced."""
    return sql.SQL(IN_MOVED).format(moved_table(table))


def open_cohorts(
    connection: Connection, table: Table, scope: CohortScope, cohorts: Sequence[tuple[str, date]] | None
) -> None:
    """Take note of the cohorts that the new rows are all of (None: every cohort of the scope)."""
    moved = moved_table(table)
    connection.execute(sql.SQL(_CREATE).format(moved))
    if cohorts is None:
        names = {"moved": moved, "new": new_table(table), "table": published_table(table)}
        connection.execute(sql.SQL(_ALL).format(**names), {"since": scope.since})
    else:
        with connection.cursor() as cursor, cursor.copy(sql.SQL(_COPY).format(moved)) as copy:
            for cohort in cohorts:
                copy.write_row(cohort)
    connection.execute(sql.SQL("ANALYZE {}").format(moved))


def set_courses_aside(connection: Connection, table: Table, courses: Sequence[str]) -> int:
    """Leave these courses as they stand; how many new rows of others there are."""
    for name in (new_table(table), moved_table(table)):
        connection.execute(sql.SQL("DELETE FROM {} WHERE course_id = ANY(%s)").format(name), [list(courses)])
    return connection.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(new_table(table))).rowcount


def narrow_to_moved(connection: Connection, table: Table) -> None:
    """Leave the cohorts that did not move as they stand."""
    compared = [name for name in published_columns(table) if name not in NEVER_COMPARED]
    names = {
        "columns": sql.SQL(", ").join(map(sql.Identifier, compared)),
        "moved": moved_table(table),
        "new": new_table(table),
        "table": published_table(table),
        "in_moved": in_moved(table),
    }
    connection.execute(sql.SQL(_DIFFERING).format(**names))
    connection.execute(sql.SQL(_NARROW).format(**names))
    connection.execute(sql.SQL("ANALYZE {}").format(moved_table(table)))


def first_moved_day(connection: Connection, table: Table) -> date | None:
    """The first day of the cohorts that are replaced."""
    query = sql.SQL("SELECT min(cohort_day) FROM {}").format(moved_table(table))
    row = connection.execute(query).fetchone()
    return row[0] if row else None
