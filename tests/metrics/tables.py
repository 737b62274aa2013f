"""The SQL models run over a stream that never saw a database: what they would publish, as plain rows."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from duckdb import DuckDBPyConnection

from analytics_pipeline.days import day_of
from analytics_pipeline.engine import Engine, Relation, TypedFrame
from analytics_pipeline.lake.schema import EVENTS
from analytics_pipeline.metrics.history import read_past_once
from analytics_pipeline.metrics.models import COHORT, DAILY, LEARNER_DAYS
from analytics_pipeline.metrics.relations import (
    DUPLICATE_COUNT,
    QUARANTINE_COUNT,
    funnel_windows,
    required_lessons,
    site_days,
)
from analytics_pipeline.metrics.times import time_bucket_frame
from tests.metrics.oracle import Rows, Wire
from tests.metrics.oracle_cohorts import Asked

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def modelled(
    engine: Engine, wire: Sequence[Wire], asked: Asked, folded_at: date | None = None
) -> dict[str, Rows]:
    """Every table that the models make of this stream, learner days included, by name.

    Where `folded_at` is given, the cohort tables come from a history that begins on that as-of day.
    """
    relations = sealed(wire, asked)
    days = sorted(set(relations["events"].data["day"])) if isinstance(relations["events"], TypedFrame) else []
    relations["site_days"] = site_days(days, asked.zone)
    relations["time_buckets"] = time_bucket_frame()
    relations["funnel_windows"] = funnel_windows(asked.windows or {})
    required = (asked.required or {}).items()
    relations["required_lessons"] = required_lessons(
        (course, n) for course, all_of in required for n in all_of
    )
    parameters = {
        "as_of": asked.as_of,
        "quiet_days": asked.quiet_days,
        "funnel_window_days": asked.window_days,
        "refund_window_days": asked.refund_days,
    }
    with engine.scratch_folder("history") as folder, engine.session(relations) as duck:
        duck.execute(f"CREATE TABLE learner_days AS {LEARNER_DAYS}")
        tables = {"learner_days": rows_of(duck, "FROM learner_days", {})}
        for model in DAILY:
            tables[model.name] = rows_of(duck, model.sql, {})
        if folded_at is not None:
            _fold(duck, replace(asked, as_of_day=folded_at).as_of, folder)
        for model in COHORT:
            tables[model.name] = rows_of(duck, model.sql, _taken(model.sql, parameters))
    for row in tables["lesson_daily"]:
        row["active_ms_hist"] = json.loads(row["active_ms_hist"])
    return tables


def _fold(duck: DuckDBPyConnection, first_as_of: datetime, folder: Path) -> None:
    duck.execute("ALTER TABLE learner_days RENAME TO whole_past")
    duck.execute("CREATE VIEW learner_days AS FROM whole_past")
    read_past_once(duck, first_as_of, folder)


def sealed(wire: Sequence[Wire], asked: Asked) -> dict[str, Relation]:
    """The stream as sealing leaves it: each id once, and what was left out as repeated or in conflict."""
    firsts: dict[str, Wire] = {}
    repeated: list[Wire] = []
    quarantined: list[Wire] = []
    for event in wire:
        first = firsts.setdefault(event["id"], event)
        if first == event and first is not event:
            repeated.append(event)
        elif first != event and event not in quarantined:
            quarantined.append(event)
    events = pd.DataFrame([_stored(event, asked) for event in firsts.values()], columns=list(EVENTS))
    events["lesson_idx"] = events["lesson_idx"].astype("Int64")
    duplicates = [(*_origin(event, asked), 1) for event in repeated]
    conflicts = [(*_origin(event, asked), 1, 0) for event in quarantined]
    return {
        "events": TypedFrame(events, EVENTS),
        "duplicate_count": TypedFrame(
            pd.DataFrame(duplicates, columns=list(DUPLICATE_COUNT)), DUPLICATE_COUNT
        ),
        "quarantine_count": TypedFrame(
            pd.DataFrame(conflicts, columns=list(QUARANTINE_COUNT)), QUARANTINE_COUNT
        ),
    }


def _stored(event: Wire, asked: Asked) -> tuple[Any, ...]:
    at = datetime.fromisoformat(event["createdAt"])
    return (
        day_of(at, asked.zone), event["id"], event["eventType"], event["userId"], event["courseId"],
        event["lessonIdx"], json.dumps(event["metadata"]), at, at, 0,
    )  # fmt: skip


def _origin(event: Wire, asked: Asked) -> tuple[date, str | None, str]:
    day = day_of(datetime.fromisoformat(event["createdAt"]), asked.zone)
    return day, event["courseId"], event["eventType"]


def _taken(sql: str, parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if f"${name}" in sql}


def rows_of(duck: DuckDBPyConnection, sql: str, parameters: dict[str, Any]) -> Rows:
    result = duck.execute(sql, parameters)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def canonical(rows: Iterable[dict[str, Any]]) -> list[str]:
    """Rows in an order of their own, each cell spelled out, so that two tables compare cell by cell."""
    return sorted(repr(sorted((name, _spelled(value)) for name, value in row.items())) for row in rows)


def numbers(rows: Iterable[dict[str, Any]]) -> list[str]:
    """The same without as-of: since when a row stands depends on the nights, what it says does not."""
    return canonical({name: value for name, value in row.items() if name != "as_of"} for row in rows)


def _spelled(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, dict):
        return sorted((key, _spelled(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return [_spelled(item) for item in value]
    if hasattr(value, "normalize"):
        return str(value.normalize())
    return value
