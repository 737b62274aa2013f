"""Nights over a whole play of the simulated platform, without a database: events, models, rules, life."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from duckdb import DuckDBPyConnection

from analytics_pipeline.days import DayRange, day_of
from analytics_pipeline.engine import Engine, Relation, TypedFrame, frame_in
from analytics_pipeline.lake.schema import EVENTS
from analytics_pipeline.metrics.cohort_inputs import cohort_parameters
from analytics_pipeline.metrics.models import COHORT, LEARNER_DAYS, model
from analytics_pipeline.metrics.relations import funnel_windows, required_lessons, site_days
from analytics_pipeline.metrics.times import time_bucket_frame
from analytics_pipeline.settings import Settings
from analytics_pipeline.signals.findings import find
from analytics_pipeline.signals.life import Finding, Subject, advance

UTC_ZONE = ZoneInfo("UTC")


@dataclass
class Life:
    """One signal: the finding that opened it, and the as-of days of its life."""

    opened: date
    finding: Finding
    resolved: date | None = None


@dataclass
class Signals:
    """All signals of a season, and what is open of them with the day it was last seen."""

    lives: list[Life] = field(default_factory=list)
    open: dict[Subject, date] = field(default_factory=dict)

    def night(self, as_of: date, findings: Iterable[Finding]) -> None:
        """Let the findings of the next as-of day meet what is open."""
        changes = advance(self.open, findings, as_of)
        for finding in changes.opened:
            self.lives.append(Life(as_of, finding))
        for subject in changes.resolved:
            (life,) = (
                life for life in self.lives if life.finding.subject == subject and life.resolved is None
            )
            life.resolved = as_of
            del self.open[subject]
        self.open |= {finding.subject: as_of for finding in (*changes.opened, *changes.kept)}


def signals_of(
    engine: Engine, events: Iterable[dict[str, Any]], nights: DayRange, settings: Settings
) -> Signals:
    """What these nights find in these events, each of them knowing the days up to its own."""
    signals = Signals()
    with _tables(engine, events, settings) as duck:
        daily = frame_in(duck, model("lesson_daily").sql, {})
        for night in nights:
            parameters = cohort_parameters(settings, night)
            tables = {each.name: frame_in(duck, each.sql, parameters) for each in COHORT}
            signals.night(night, find({**tables, "lesson_daily": daily}, settings, night))
    return signals


@contextmanager
def _tables(
    engine: Engine, events: Iterable[dict[str, Any]], settings: Settings
) -> Iterator[DuckDBPyConnection]:
    rows = pd.DataFrame([_stored(event, settings.zone) for event in events], columns=list(EVENTS))
    rows["lesson_idx"] = rows["lesson_idx"].astype("Int64")
    relations: dict[str, Relation] = {
        "events": TypedFrame(rows, EVENTS),
        "site_days": site_days(sorted(set(rows["day"])), settings.zone),
        "time_buckets": time_bucket_frame(),
        "funnel_windows": funnel_windows(settings.funnel_windows),
        "required_lessons": required_lessons([]),
    }
    with engine.session(relations) as duck:
        duck.execute(f"CREATE TABLE learner_days AS {LEARNER_DAYS}")
        yield duck


def _stored(event: dict[str, Any], zone: ZoneInfo) -> tuple[Any, ...]:
    at = datetime.fromisoformat(event["createdAt"])
    return (
        day_of(at, zone), event["id"], event["eventType"], event.get("userId"), event["courseId"],
        event.get("lessonIdx"), json.dumps(event.get("metadata", {})), at, at, 0,
    )  # fmt: skip
