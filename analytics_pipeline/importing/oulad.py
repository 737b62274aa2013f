"""The Open University Learning Analytics Dataset (OULAD), read as wire events.

| Event | Row |
|---|---|
| enroll | one of studentRegistration that has a date |
| lesson_viewed | one of studentVle; the lesson is the rank of the site in its presentation by first use |
| quiz_attempted, quiz_passed | one of studentAssessment that is not banked; passed with 40 or more |
| complete | one of studentInfo with Pass or Distinction, at the presentation's end |

The data set knows days, not hours: an event happens at the start of its day in the site's time zone.
"""

from collections.abc import Collection, Iterator
from contextlib import closing
from datetime import date
from importlib.resources import files
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd

from analytics_pipeline.days import DayRange, contiguous_ranges, day_start
from analytics_pipeline.importing.source import Source, WrongSourceError

NAMESPACE = uuid5(NAMESPACE_URL, "https://analyse.kmi.open.ac.uk/open_dataset")
TABLES = ("assessments", "courses", "studentAssessment", "studentInfo", "studentRegistration", "studentVle")

# On average; a slice of the busiest season has twice as many and is sorted within half a gigabyte.
_SLICE_EVENTS = 500_000
_FETCH_ROWS = 10_000


def open_oulad(folder: Path, zone: ZoneInfo, modules: Collection[str] = ()) -> Source:
    """The events of the data set in `folder` (Parquet files), of all modules or of those named, by day.

    The same row has the same id at every reading. Raises WrongSourceError when a table is missing or no
    module has one of the names.
    """
    paths = {table: _table_path(folder, table) for table in TABLES}
    connection = duckdb.connect(":memory:", config={"memory_limit": "1GB", "temp_directory": gettempdir()})
    try:
        _read_tables(connection, paths)
        _select_modules(connection, modules)
        total, days = _define_rows(connection)
    except duckdb.Error as error:
        connection.close()
        reason = str(error).splitlines()[0].rstrip(".")
        raise WrongSourceError(f"{folder} is not the OULAD data set: {reason}.") from error
    _create_table(connection, "site_day", {"day": list(days), "created_at": [_wire(d, zone) for d in days]})
    return Source(_events(connection, contiguous_ranges(list(days), _slice_days(total, days))), total)


def _table_path(folder: Path, table: str) -> Path:
    """The file of `table`; its name may go on after the table's, as where demographics were left out."""
    found = sorted(folder.glob(f"{table}.parquet")) or sorted(folder.glob(f"{table}_*.parquet"))
    if not found:
        raise WrongSourceError(f"{folder} has no {table}.parquet; name the folder with the OULAD files.")
    return found[0]


def _read_tables(connection: duckdb.DuckDBPyConnection, paths: dict[str, Path]) -> None:
    for table, path in paths.items():
        connection.read_parquet(str(path)).create_view(table)


def _select_modules(connection: duckdb.DuckDBPyConnection, modules: Collection[str]) -> None:
    known = {str(row[0]) for row in connection.sql("SELECT DISTINCT code_module FROM courses").fetchall()}
    if unknown := sorted(set(modules) - known):
        raise WrongSourceError(
            f"The data set has no module {unknown[0]}; its modules are {', '.join(sorted(known))}."
        )
    _create_table(connection, "selected_module", {"code_module": sorted(set(modules) or known)})


def _define_rows(connection: duckdb.DuckDBPyConnection) -> tuple[int, DayRange]:
    """Define the relations of `oulad_rows.sql`; return the number of events and the days they span."""
    connection.execute(_sql("oulad_rows"))
    total, first, last = connection.sql("SELECT count(day), min(day), max(day) FROM oulad_row").fetchall()[0]
    if not total:
        raise WrongSourceError("The data set has no events; its tables are empty.")
    return total, DayRange(first, last)


def _create_table(connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, list[Any]]) -> None:
    connection.from_df(pd.DataFrame(columns)).create(name)


def _slice_days(total: int, days: DayRange) -> int:
    length = (days.last - days.first).days + 1
    return max(1, length * _SLICE_EVENTS // total)


def _events(connection: duckdb.DuckDBPyConnection, slices: list[DayRange]) -> Iterator[bytes]:
    """Read slice by slice: the whole, sorted at once, would need the memory of eleven million rows."""
    sql = _sql("oulad_events")
    with closing(connection):
        for part in slices:
            result = connection.execute(
                sql, {"first": part.first, "last": part.last, "namespace": NAMESPACE.bytes}
            )
            while rows := result.fetchmany(_FETCH_ROWS):
                for (event,) in rows:
                    yield event.encode()


def _wire(day: date, zone: ZoneInfo) -> str:
    return day_start(day, zone).strftime("%Y-%m-%dT%H:%M:%SZ")


def _sql(name: str) -> str:
    return files(__package__).joinpath(f"{name}.sql").read_text("utf-8")
