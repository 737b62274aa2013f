"""The new rows of a table until they are published: a CSV file, then the temporary table `new_<table>`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from psycopg import Connection, sql
from sqlalchemy import Table, UniqueConstraint

from analytics_pipeline.database.tables.columns import STATED

CHUNK = 1 << 20
MADE_HERE = frozenset({"id", "computed_at", "run_id"})
"""Columns that the database or the publication itself makes."""

# Duplicates say how often something was delivered; they grow without any number of a learner having changed.
NEVER_COMPARED = frozenset({"as_of", "duplicates"})


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

    are_changes: bool = False
    """These are but the rows of the cohorts that differ, with what is to be added to their numbers."""


def new_table(table: Table) -> sql.Identifier:
    """The temporary table that holds the new rows of `table` until they are published."""
    return sql.Identifier("pg_temp", f"new_{table.name}")


def published_table(table: Table) -> sql.Identifier:
    """The table itself."""
    return sql.Identifier(str(table.schema), table.name)


def published_columns(table: Table) -> list[str]:
    """The columns that new rows bring."""
    return [column.name for column in table.columns if column.name not in MADE_HERE]


def key_columns(table: Table) -> list[str]:
    """The columns that identify a row for people: the primary key, or what stands beside a surrogate."""
    primary = [column.name for column in table.primary_key.columns]
    if primary != ["id"]:
        return primary
    unique = [each for each in table.constraints if isinstance(each, UniqueConstraint)]
    if len(unique) != 1:
        raise ValueError(f"{table.fullname} needs exactly one unique constraint beside its surrogate.")
    return [column.name for column in unique[0].columns]


def number_columns(table: Table) -> list[str]:
    """The numbers of a row that are compared with those published before."""
    return [name for name in published_columns(table) if name not in {*key_columns(table), *NEVER_COMPARED}]


def added_columns(table: Table) -> list[str]:
    """Those of them that add up, for rows that agree in all that they state beside."""
    return [name for name in number_columns(table) if not table.columns[name].info.get(STATED)]


def agreed_columns(table: Table) -> list[str]:
    """The columns in which rows that add up to one agree: the key, and what they state."""
    return [*key_columns(table), *(column.name for column in table.columns if column.info.get(STATED))]


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
