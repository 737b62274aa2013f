"""`/metrics` of the admin service; open, as that of the ingest service, since it is about nobody."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Connection

from analytics_pipeline.admin.auth.access import too_fast
from analytics_pipeline.admin.monitoring.questions import QUESTIONS, Question
from analytics_pipeline.admin.rules import Rules
from analytics_pipeline.admin.service import ServiceOf
from analytics_pipeline.database.grants import PUBLISHED
from analytics_pipeline.days import day_of

SCRAPES_PER_SECOND, SCRAPES_AT_ONCE = 2.0, 20.0
"""A scrape reads the whole inbox, and anybody may ask for one."""

router = APIRouter(include_in_schema=False)

Family = CounterMetricFamily | GaugeMetricFamily


@router.get("/metrics")
def metrics(service: ServiceOf) -> Response:
    """All metrics in Prometheus' text format; 503 while the database is away, so that `up` falls to 0."""
    wait = service.scrapes.wait("/metrics", time.monotonic())
    if wait:
        raise too_fast(wait)
    with service.reader.snapshot() as connection:
        answer = exposition(connection, service.rules, datetime.now(UTC))
    return Response(answer, media_type="text/plain; version=0.0.4")


def exposition(connection: Connection, rules: Rules, now: datetime) -> bytes:
    """All metrics as of this transaction, in Prometheus' text format."""
    given = {
        "today": day_of(now, rules.zone),
        "zone": str(rules.zone),
        "published": list(PUBLISHED),
    }
    registry = CollectorRegistry()
    registry.register(_Answered([each for asked in QUESTIONS for each in _answer(connection, asked, given)]))
    return generate_latest(registry)


class _Answered(Collector):
    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> Iterator[Family]:
        """As prometheus_client wants it."""
        yield from self._families


def _answer(connection: Connection, question: Question, given: Mapping[str, object]) -> Iterator[Family]:
    names = question.sql.compile().params
    rows = connection.execute(question.sql, {name: given[name] for name in names}).mappings().all()
    for metric in question.metrics:
        kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
        family = kind(f"analytics_{metric.name}", metric.help, labels=question.labels)
        for row in rows:
            value: Any = row[metric.name]
            if value is not None:
                family.add_metric([row[label] for label in question.labels], float(value))
        yield family
