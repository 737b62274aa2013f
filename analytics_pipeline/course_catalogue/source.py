"""Where a catalogue comes from: a CSV or JSON file, or a view in the platform's database."""

import csv
import io
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec
import psycopg
from psycopg import Connection, sql
from psycopg.rows import dict_row

from analytics_pipeline.course_catalogue.entries import (
    COLUMNS,
    Catalogue,
    CatalogueError,
    Line,
    catalogue_of,
    line_of,
)
from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.settings import Settings

STATEMENT_TIMEOUT = "60s"
"""A view that takes longer must not keep a night waiting."""

# As PostgreSQL's COPY and spreadsheets write them.
_BOOLEANS = {"t": "true", "f": "false", "yes": "true", "no": "false"}

_MAY_WRITE = """
    SELECT format('%%I.%%I', n.nspname, c.relname)
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
       AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
     ORDER BY 1 LIMIT 1
"""


def source_of(settings: Settings) -> str | None:
    """The source in words; None where none is set."""
    if settings.catalogue_file is not None:
        return f"the file {settings.catalogue_file}"
    return None if settings.catalogue_view is None else f"the view {settings.catalogue_view}"


def read_catalogue(settings: Settings) -> Catalogue:
    """All that the set source says; CatalogueError where it cannot be read or makes no sense."""
    if settings.catalogue_file is not None:
        return catalogue_of(_lines_of_file(settings.catalogue_file))
    if settings.catalogue_view is None:
        raise CatalogueError("No source of the course catalogue is set.")
    given = settings.catalogue_database_url
    url = database_urls(settings).pipeline if given is None else given.get_secret_value()
    return catalogue_of(_lines_of_view(url, settings.catalogue_view))


def _lines_of_file(path: Path) -> Iterator[tuple[str, Line]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise CatalogueError(f"{path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CatalogueError(f"{path}: byte {error.start} is not UTF-8.") from error
    yield from _lines_of_json(path, text) if path.suffix.lower() == ".json" else _lines_of_csv(path, text)


def _lines_of_json(path: Path, text: str) -> Iterator[tuple[str, Line]]:
    try:
        lines = msgspec.json.decode(text, type=list[Line])
    except msgspec.MsgspecError as error:
        raise CatalogueError(f"{path}: {error}.") from error
    yield from ((f"{path}, entry {number}", line) for number, line in enumerate(lines, start=1))


def _lines_of_csv(path: Path, text: str) -> Iterator[tuple[str, Line]]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    _need_course_id(str(path), rows.fieldnames or ())
    try:
        for row in rows:
            # An empty field says nothing.
            fields = {name: row[name] for name in COLUMNS if row.get(name)}
            if "required" in fields:
                fields["required"] = _BOOLEANS.get(fields["required"].lower(), fields["required"])
            place = f"{path}, line {rows.line_num}"
            yield place, line_of(place, fields)
    except csv.Error as error:
        raise CatalogueError(f"{path}, line {rows.line_num}: {error}.") from error


def _lines_of_view(url: str, view: str) -> Iterator[tuple[str, Line]]:
    schema, _, name = view.partition(".")
    try:
        with psycopg.connect(url, application_name="course catalogue", connect_timeout=10) as connection:
            connection.read_only = True
            connection.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(STATEMENT_TIMEOUT))
            _refuse_a_role_that_may_write(connection, schema)
            with connection.cursor(row_factory=dict_row) as cursor:
                cursor.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, name)))
                _need_course_id(view, [column.name for column in cursor.description or ()])
                for number, row in enumerate(cursor, start=1):
                    place = f"{view}, row {number}"
                    yield place, line_of(place, row)
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CatalogueError(f"{view} cannot be read: {reason}.") from error


def _refuse_a_role_that_may_write(connection: Connection, schema: str) -> None:
    """Nothing of the platform's is ever written to: a role that could is the wrong one."""
    if found := connection.execute(_MAY_WRITE, [schema]).fetchone():
        raise CatalogueError(
            f"The role {connection.info.user} may write to {found[0]}; let it read the catalogue with a grant"
            " of SELECT alone."
        )


def _need_course_id(where: str, columns: Collection[str]) -> None:
    if "course_id" not in columns:
        raise CatalogueError(f"{where}: there is no column course_id.")
