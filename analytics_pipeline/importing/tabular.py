"""CSV and Parquet tables of events: one row an event, the columns named as on the wire.

Columns: id, eventType, userId, courseId, lessonIdx, createdAt, and metadata (JSON text) or one column
`metadata.KEY` for each key. eventType and createdAt are needed; an empty cell is an absent field.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import duckdb

from analytics_pipeline.importing.lines import open_file
from analytics_pipeline.importing.row import BadRowError, check_columns, encode_row
from analytics_pipeline.importing.source import BadLine, ReportBadLine, Source, WrongSourceError

_WITH_TEXT_INSTANTS = """
SELECT * REPLACE (
    strftime(make_timestamp(epoch_us("createdAt")), '%Y-%m-%dT%H:%M:%S.%fZ') AS "createdAt"
)
FROM rows
"""
_FETCH_ROWS = 10_000

Row = dict[str, object]


def open_csv(paths: Sequence[Path], report: ReportBadLine) -> Source:
    """The rows of the files (UTF-8, comma, a header; plain or .gz), one file after another."""
    return Source(_events(((path, _csv_rows(path, report)) for path in paths), report))


def open_parquet(paths: Sequence[Path], report: ReportBadLine) -> Source:
    """The rows of the files, one file after another; a row's number stands for its line."""
    relations = [(path, _parquet_relation(path)) for path in paths]
    rows = ((path, _parquet_rows(relation)) for path, relation in relations)
    return Source(_events(rows, report), sum(len(relation) for _, relation in relations))


def _events(
    tables: Iterator[tuple[Path, Iterator[tuple[int, Row]]]], report: ReportBadLine
) -> Iterator[bytes]:
    for path, rows in tables:
        for number, row in rows:
            try:
                yield encode_row(row)
            except BadRowError as error:
                report(BadLine(path, number, str(error)))


def _csv_rows(path: Path, report: ReportBadLine) -> Iterator[tuple[int, Row]]:
    """Each row with the number of its first line."""
    with open_file(path) as file:
        # Bytes that are no UTF-8 spoil their own row, not the reading of the file.
        text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
        reader = csv.reader(text, strict=True)
        header = next(reader, None)
        if header is None:
            raise WrongSourceError(f"{path} is empty; its first row names the columns.")
        check_columns(path, header)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                report(BadLine(path, line, f"is no CSV ({error})"))
                continue
            if len(cells) == len(header):
                yield line, dict(zip(header, cells, strict=True))
            elif cells:
                report(BadLine(path, line, f"has {len(cells)} cells where the header has {len(header)}"))


def _parquet_relation(path: Path) -> duckdb.DuckDBPyRelation:
    """The file's rows; where createdAt is an instant, as RFC 3339 text."""
    connection = duckdb.connect(":memory:", config={"memory_limit": "1GB"})
    try:
        rows = connection.read_parquet(str(path))
    except duckdb.Error as error:
        raise WrongSourceError(f"{path} is not a Parquet file: {str(error).splitlines()[0]}.") from error
    check_columns(path, rows.columns)
    kind = str(dict(zip(rows.columns, rows.types, strict=True))["createdAt"])
    if kind == "DATE" or (kind.startswith("TIMESTAMP") and kind != "TIMESTAMP WITH TIME ZONE"):
        raise WrongSourceError(
            f"{path}: createdAt has no time zone; store it as a timestamp in UTC, or as text with an offset."
        )
    return rows.query("rows", _WITH_TEXT_INSTANTS) if kind.startswith("TIMESTAMP") else rows


def _parquet_rows(relation: duckdb.DuckDBPyRelation) -> Iterator[tuple[int, Row]]:
    names = relation.columns
    numbers = count(1)
    while rows := relation.fetchmany(_FETCH_ROWS):
        for cells in rows:
            yield next(numbers), dict(zip(names, cells, strict=True))
