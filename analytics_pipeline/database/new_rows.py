"""The new rows of a table until they are published: a CSV file, then the temporary table `new_<table>`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from psycopg import Connection, sql
from sqlalchemy import Table

CHUNK = 1 << 20
MADE_HERE = frozenset({"id", "computed_at", "run_id"})
"""Columns that the database or the publication itself makes."""


@dataclass(frozen=True)
class NewRows:
    """The rows that `table` shall hold for the scope, as a CSV file.

    Its header names the table's columns in their order, without id, computed_at and run_id. An empty unquoted
    field is null; arrays are written as PostgreSQL's literals.
    """

    table: Table
    csv: Path
    cohorts: Sequence[tuple[str, date]] | None = None
    """The cohorts (course and cohort day) that these are all rows of; None: all cohorts of the scope."""


def new_table(table: Table) -> sql.Identifier:
    """The temporary table that holds the new rows of `table` until they are published."""
    return sql.Identifier("pg_temp", f"new_{table.name}")


def published_table(table: Table) -> sql.Identifier:
    """The table itself."""
    return sql.Identifier(str(table.schema), table.name)


def published_columns(table: Table) -> list[str]:
    """The columns that new rows bring."""
    return [column.name for column in table.columns if column.name not in MADE_HERE]


def column_list(table: Table) -> sql.Composed:
    """The same as SQL."""
    return sql.SQL(", ").join(map(sql.Identifier, published_columns(table)))


def load(connection: Connection, rows: NewRows) -> None:
    """Copy the CSV into `new_<table>`, byte for byte: PostgreSQL reads it faster than Python could."""
    table, columns = rows.table, column_list(rows.table)
    connection.execute(
        sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
            new_table(table), columns, published_table(table)
        )
    )
    copy_in = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, HEADER match, ENCODING 'UTF8')").format(
        new_table(table), columns
    )
    with connection.cursor() as cursor, cursor.copy(copy_in) as copy, rows.csv.open("rb") as file:
        while chunk := file.read(CHUNK):
            copy.write(chunk)
    # Without statistics, checks that join two new tables were planned as nested loops.
    connection.execute(sql.SQL("ANALYZE {}").format(new_table(table)))
