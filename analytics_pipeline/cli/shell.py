"""`analytics sql`."""

import contextlib
import csv
import re
import sys
from collections.abc import Iterator
from typing import Annotated

import duckdb
import pandas as pd
import psycopg
import sqlalchemy
import typer
from psycopg import sql as postgres
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from analytics_pipeline.cli.errors import CommandError
from analytics_pipeline.console import say
from analytics_pipeline.database.tables import admin_token, metadata
from analytics_pipeline.database.urls import Role, ensure_url
from analytics_pipeline.engine import Engine, ParquetFiles, TypedFrame, create_view
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.lake.schema import EVENTS, LEARNER_DAYS
from analytics_pipeline.settings import Settings, load_settings

PUBLISHED = {
    table.name: table
    for table in metadata.tables.values()
    if table.schema == "analytics" and table is not admin_token
}
DUCKDB_TYPES: dict[type, str] = {
    sqlalchemy.Date: "DATE",
    sqlalchemy.DateTime: "TIMESTAMPTZ",
    sqlalchemy.Integer: "INTEGER",
    sqlalchemy.BigInteger: "BIGINT",
    sqlalchemy.Double: "DOUBLE",
}
INSTRUCTIONS = (
    "DuckDB over the lake (events, learner_days) and a copy of the published tables "
    "({tables}). End a statement with ; and the prompt with Ctrl-D."
)


def sql(
    command: Annotated[
        str | None, typer.Option("-c", "--command", help="Run this statement instead of asking for some.")
    ] = None,
) -> None:
    """Ask the lake and the published tables in SQL; nothing can be changed from here."""
    settings = load_settings()
    with open_shell(settings) as shell:
        if command is not None:
            try:
                shell.run(command)
            except duckdb.Error as error:
                raise CommandError(str(error)) from error
        else:
            _prompt(shell)


class Shell:
    """A DuckDB session; a published table is copied in when a statement first names it."""

    def __init__(self, duck: duckdb.DuckDBPyConnection, postgres_connection: psycopg.Connection) -> None:
        self._duck = duck
        self._postgres = postgres_connection
        self._copied: set[str] = set()

    def run(self, text: str) -> None:
        """Run statements and print their rows: as a table on a terminal, as CSV elsewhere."""
        for statement in duckdb.extract_statements(text):
            self._run(statement.query)

    def _run(self, statement: str) -> None:
        for name in PUBLISHED.keys() - self._copied:
            if re.search(rf"\b{name}\b", statement, re.IGNORECASE):
                create_view(self._duck, name, published_frame(self._postgres, PUBLISHED[name]))
                # As it is called in PostgreSQL, so that one query runs in both.
                self._duck.execute(f"CREATE VIEW analytics.{name} AS FROM main.{name}")
                self._copied.add(name)
        rows = self._duck.sql(statement)
        if rows is None:
            return
        if sys.stdout.isatty():
            rows.show(max_rows=100)
            return
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(rows.columns)
        while batch := rows.fetchmany(10_000):
            writer.writerows(batch)


@contextlib.contextmanager
def open_shell(settings: Settings) -> Iterator[Shell]:
    """A shell over the files that the catalogue names now and the tables as they are read."""
    lake = Lake(settings.lake_root)
    with psycopg.connect(ensure_url(settings, Role.PIPELINE)) as connection:
        connection.read_only = True
        rows = connection.execute(
            "SELECT files, learner_files FROM analytics.lake_day ORDER BY day"
        ).fetchall()
        lake.check()
        relations = {
            "events": ParquetFiles(lake.paths(name for files, _ in rows for name in files), EVENTS),
            "learner_days": ParquetFiles(
                lake.paths(name for _, files in rows for name in files), LEARNER_DAYS
            ),
        }
        with Engine(settings.home / "scratch", lake.attach).session(relations) as duck:
            duck.execute("CREATE SCHEMA analytics")
            yield Shell(duck, connection)


def published_frame(connection: psycopg.Connection, table: sqlalchemy.Table) -> TypedFrame:
    """All rows of a published table, with the types that DuckDB has for its columns."""
    names = [column.name for column in table.columns]
    query = postgres.SQL("SELECT {} FROM {}").format(
        postgres.SQL(", ").join(_selected(column) for column in table.columns),
        postgres.Identifier(str(table.schema), table.name),
    )
    rows = connection.execute(query).fetchall()
    frame = pd.DataFrame(rows, columns=names, dtype=object)
    return TypedFrame(frame, {column.name: _duckdb_type(column.type) for column in table.columns})


def _selected(column: sqlalchemy.Column[object]) -> postgres.Composable:
    name = postgres.Identifier(column.name)
    return postgres.SQL("{}::text").format(name) if isinstance(column.type, JSONB) else name


def _duckdb_type(kind: sqlalchemy.types.TypeEngine[object]) -> str:
    if isinstance(kind, ARRAY):
        return f"{_duckdb_type(kind.item_type)}[]"
    if isinstance(kind, JSONB):
        return "JSON"
    return next(
        (DUCKDB_TYPES[ancestor] for ancestor in type(kind).__mro__ if ancestor in DUCKDB_TYPES), "VARCHAR"
    )


def _prompt(shell: Shell) -> None:
    if sys.stdin.isatty():
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401, PLC0415  # lines can be edited; not on every platform
        say(INSTRUCTIONS.format(tables=", ".join(sorted(PUBLISHED))))
    for statement in _statements():
        try:
            shell.run(statement)
        except duckdb.Error as error:
            typer.echo(str(error), err=True)


def _statements() -> Iterator[str]:
    lines: list[str] = []
    while True:
        try:
            lines.append(input(("analytics> " if not lines else "      ...> ") if sys.stdin.isatty() else ""))
        except EOFError:
            break
        if lines[-1].rstrip().endswith(";"):
            yield "\n".join(lines)
            lines = []
    if "".join(lines).strip():
        yield "\n".join(lines)
