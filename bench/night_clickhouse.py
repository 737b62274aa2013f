"""ClickHouse (chdb): the same night from the same file, in MergeTree tables and the SQL of `clickhouse/`."""

import json
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from chdb.session import Session

from analytics_pipeline.metrics.times import time_buckets
from bench.days import DAY
from bench.measuring import Recorder

DAILY = ("event_day", "lesson_daily", "course_daily")
COHORT = ("lesson_cohort", "quiz_cohort", "course_funnel", "course_refund")
_SQL = Path(__file__).parent / "clickhouse"
_SETTINGS = {
    "max_threads": 2,
    "max_insert_threads": 2,
    "prefer_column_name_to_alias": 1,
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_decimals": 0,
}


class Database:
    """A ClickHouse of its own in a folder."""

    def __init__(self, folder: str, day: Path) -> None:
        self._session = Session(folder)
        self._parameters: dict[str, Any] = {
            "file": str(day),
            "as_of": f"{DAY + timedelta(days=1)} 00:00:00",
            "lows": str([low for low, _ in time_buckets()]),
        }
        for name, value in _SETTINGS.items():
            self._session.query(f"SET {name} = {value}")

    def run(self, name: str) -> list[dict[str, Any]]:
        """Run the statements of a file; the rows of the last one, where it gives any."""
        rows: list[dict[str, Any]] = []
        for statement in (_SQL / f"{name}.sql").read_text().split(";\n"):
            if statement.strip():
                text = str(self._session.query(statement, "JSONEachRow", params=self._taken(statement)))
                rows = [json.loads(line) for line in text.splitlines()]
        return rows

    def _taken(self, statement: str) -> dict[str, Any]:
        return {name: value for name, value in self._parameters.items() if f"{{{name}:" in statement}


def main() -> None:
    """Take the day from its file to the tables, step by step, and tell."""
    day = Path(sys.argv[1])
    recorder = Recorder()
    tables: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory(prefix="night-", dir=day.parent) as folder:
        database = Database(folder, day)
        database.run("tables")
        with recorder.step("seal"):
            database.run("seal")
            assert database.run("repeated_ids") == [{"repeated": 0}]
        with recorder.step("learner days"):
            database.run("learner_days")
        with recorder.step("daily tables"):
            tables |= {name: database.run(name) for name in DAILY}
        with recorder.step("cohort tables"):
            tables |= {name: database.run(name) for name in COHORT}
        recorder.finish()
    recorder.tell({name: list(_alike(rows)) for name, rows in tables.items()})


def _alike(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """As we publish it: an empty name is null, a histogram goes by the number of the bucket."""
    bucket_of = {str(low): str(number) for number, (low, _) in enumerate(time_buckets())}
    for row in rows:
        row.pop("times", None)
        if (histogram := row.pop("low_ms_hist", None)) is not None:
            row["active_ms_hist"] = {bucket_of[low]: learners for low, learners in histogram.items()}
        yield {name: None if value == "" else value for name, value in row.items()}


if __name__ == "__main__":
    main()
