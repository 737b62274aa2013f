"""Real xAPI statements, imported in file order, sorted and reversed, give identical published tables."""

import gzip
from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec

from analytics_pipeline.days import DayRange
from analytics_pipeline.importing.xapi import open_xapi
from analytics_pipeline.metrics.models import COHORT, DAILY
from tests.conftest import Database
from tests.importing.conftest import WriteFile
from tests.inbox import deliver
from tests.metrics.nights import clear, night, published
from tests.metrics.tables import canonical
from tests.pipeline_runs import a_run

PARTS = 3
"""Batches in which the statements come; each is taken through before the next, as on as many nights."""

Tables = dict[str, list[str]]


def tables_of(path: Path, database: Database, folder: Path) -> Tables:
    """What is published of the statements of a file, as of their last day."""
    events = [
        {"userId": None, **msgspec.json.decode(line)} for line in open_xapi([path], lambda _: None).events
    ]
    days = [date.fromisoformat(event["createdAt"][:10]) for event in events]
    whole = DayRange(min(days), max(days))
    size = -(-len(events) // PARTS)
    clear(database)
    with a_run(database, folder, first_day=whole.first) as run:
        for start in range(0, len(events), size):
            with database.connect("ingest") as connection:
                touched = deliver(connection, events[start : start + size], run.settings)
            night(run, sorted(touched), whole.last)
        night(run, list(whole), whole.last)
    return {model.name: canonical(published(database, model.name)) for model in (*DAILY, *COHORT)}


def test_file_order_sorted_and_reversed_give_identical_tables(
    test_data: Path, database: Database, write_file: WriteFile, tmp_path: Path
) -> None:
    original = test_data / "fun_mooc" / "statements.json.gz"
    statements = gzip.decompress(original.read_bytes()).splitlines(keepends=True)
    assert len(statements) == 22_000
    orders: dict[str, Callable[[], list[bytes]]] = {
        "as they come": lambda: statements,
        "sorted": lambda: sorted(statements),
        "reversed": lambda: statements[::-1],
    }
    found = {
        name: tables_of(write_file(f"{name}.json", b"".join(order())), database, tmp_path / name)
        for name, order in orders.items()
    }
    assert all(found["as they come"][table] for table in ("event_day", "lesson_daily", "lesson_cohort"))
    assert found["sorted"] == found["as they come"]
    assert found["reversed"] == found["as they come"]
