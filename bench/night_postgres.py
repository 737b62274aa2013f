"""Plain SQL on an events table of PostgreSQL: the daily tables, and lesson_cohort of the cohort tables."""

import sys
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.metrics.times import time_buckets
from analytics_pipeline.settings import load_settings
from bench.days import DAY
from bench.measuring import Recorder

DAILY = ("event_day", "lesson_daily", "course_daily")
COHORT = ("lesson_cohort",)
_SQL = Path(__file__).parent / "postgres"
# No line of JSON holds these two characters: each line is one value.
_COPY = r"COPY plain.line FROM STDIN (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')"
_PARAMETERS = {
    "day": datetime.combine(DAY, time(), UTC),
    "lows": [low for low, _ in time_buckets()],
}


def main() -> None:
    """Load the file into the table, ask for each aggregate, and tell."""
    with psycopg.connect(
        database_urls(load_settings()).owner, autocommit=True, row_factory=dict_row
    ) as connection:
        connection.execute("SET TIME ZONE 'UTC'")
        # As much as the other contenders may take, for a server that is set up for such questions.
        connection.execute("SET work_mem = '512MB'")
        connection.execute(_read("tables"))
        recorder = Recorder(beside=[connection.info.backend_pid])
        with recorder.step("seal"):
            _load(connection, Path(sys.argv[1]))
        tables: dict[str, list[dict[str, Any]]] = {}
        for step, names in (("daily tables", DAILY), ("cohort tables", COHORT)):
            with recorder.step(step):
                tables |= {
                    name: connection.execute(_read(name), _PARAMETERS, binary=False).fetchall()
                    for name in names
                }
        recorder.finish()
        connection.execute("DROP SCHEMA plain CASCADE")
    recorder.tell(tables)


def _load(connection: psycopg.Connection[Any], path: Path) -> None:
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy, path.open("rb") as file:
        while chunk := file.read(1 << 20):
            copy.write(chunk)
    connection.execute(_read("load"))


def _read(name: str) -> bytes:
    return (_SQL / f"{name}.sql").read_bytes()


if __name__ == "__main__":
    main()
