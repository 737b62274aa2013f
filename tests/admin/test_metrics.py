"""What Prometheus reads of the admin service, against what stands in a real database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import create_engine

from analytics_pipeline.admin.monitoring.exposition import exposition
from analytics_pipeline.admin.rules import rules_of
from analytics_pipeline.audit.job_run import JobRun, RunStatus, Trigger
from analytics_pipeline.audit.store import upsert
from analytics_pipeline.database import tables
from analytics_pipeline.database.urls import sqlalchemy_url
from analytics_pipeline.days import day_start
from analytics_pipeline.lake.catalogue import as_of_day, due_days, first_day
from tests.admin.rows import open_signal, publish, publish_course_days
from tests.conftest import Database
from tests.inbox import put_batch

NOW = datetime.now(UTC)
RUN = JobRun(
    run_id="run-0",
    job="nightly",
    status=RunStatus.SUCCESS,
    trigger=Trigger.SCHEDULE,
    partition="2026-02-28",
    queued_at=NOW - timedelta(hours=3),
    started_at=NOW - timedelta(hours=2),
    ended_at=NOW - timedelta(hours=1),
    error=None,
    counts={"days": 1, "events": 12, "rows": 30},
    updated_at=NOW,
)
Samples = dict[tuple[str, frozenset[str]], float]


def samples(text: str) -> Samples:
    """Every sample by its name and the values of its labels."""
    return {
        (sample.name.removeprefix("analytics_"), frozenset(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _scrape(client: httpx.Client) -> Samples:
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return samples(answer.text)


def _of(found: Samples, name: str, *labels: str) -> float | None:
    return found.get((name, frozenset(labels)))


def test_an_empty_site_counts_nothing_and_claims_no_day(anonymous: httpx.Client) -> None:
    found = _scrape(anonymous)
    assert _of(found, "runs_in_flight", "QUEUED") == 0
    assert _of(found, "oldest_run_age_seconds", "STARTED") == 0
    assert _of(found, "unsealed_events") == 0
    assert _of(found, "lake_bytes") == 0
    assert _of(found, "publication_failures") == 0
    assert not [name for name, _ in found if "timestamp" in name or name == "due_days"]


def test_runs_are_counted_by_job_and_end_and_survive_every_restart(
    anonymous: httpx.Client, pipeline: psycopg.Connection
) -> None:
    failed = replace(RUN, run_id="run-1", status=RunStatus.FAILED, ended_at=NOW, counts={})
    skipped = replace(RUN, run_id="night", status=RunStatus.SKIPPED, started_at=None, ended_at=None)
    queued = replace(RUN, run_id="run-2", status=RunStatus.QUEUED, started_at=None, ended_at=None, counts={})
    started = replace(queued, run_id="run-3", status=RunStatus.STARTED, started_at=NOW)
    upsert(pipeline, [RUN, replace(RUN, run_id="run-9"), failed, skipped, queued, started])
    found = _scrape(anonymous)
    ends = {end: _of(found, "job_runs_total", "nightly", end) for end in RunStatus}
    assert ends == {"SUCCESS": 2, "FAILED": 1, "SKIPPED": 1, "QUEUED": None, "STARTED": None}
    assert RUN.ended_at is not None
    assert _of(found, "job_last_success_timestamp_seconds", "nightly") == RUN.ended_at.timestamp()
    assert _of(found, "job_last_failure_timestamp_seconds", "nightly") == NOW.timestamp()
    assert _of(found, "job_last_duration_seconds", "nightly") == 7200
    assert (_of(found, "runs_in_flight", "QUEUED"), _of(found, "runs_in_flight", "STARTED")) == (1, 1)
    age = datetime.now(UTC) - queued.queued_at
    assert _of(found, "oldest_run_age_seconds", "QUEUED") == pytest.approx(age.total_seconds(), abs=60)
    assert (_of(found, "events_sealed_total"), _of(found, "rows_published_total")) == (36, 90)


def test_what_waits_in_the_inbox_is_counted_with_the_age_of_the_oldest_and_nothing_of_its_content(
    anonymous: httpx.Client, database: Database
) -> None:
    with database.connect("ingest") as connection:
        put_batch(connection, date(2026, 3, 1), NOW - timedelta(hours=5), 3, b"learner-7 of course-1")
        put_batch(connection, date(2026, 3, 2), NOW, 3, b"learner-8")
    text = anonymous.get("/metrics").text
    found = samples(text)
    assert (_of(found, "unsealed_events"), _of(found, "inbox_bytes")) == (6, 30)
    age = (datetime.now(UTC) - NOW).total_seconds() + 5 * 3600
    assert _of(found, "oldest_unsealed_event_age_seconds") == pytest.approx(age, abs=60)
    assert "learner-7" not in text
    assert "course-1" not in text


def test_signals_failures_and_tables_are_counted_without_naming_a_course(
    anonymous: httpx.Client, pipeline: psycopg.Connection, database: Database
) -> None:
    signals = [open_signal("high_drop_off_lesson", course) for course in ("private-a", "private-b")]
    closed = open_signal("low_quiz_pass_rate", "private-a", resolved_at=date(2026, 3, 30))
    publish(pipeline, tables.signal, *signals, closed)
    publish_course_days(pipeline, {"course_id": "private-a", "day": date(2026, 3, 1)})
    pipeline.execute(
        "INSERT INTO analytics.publication_failure (course_id, message, run_id, failed_at)"
        " VALUES ('private-a', 'a check broke', 'run-0', now())"
    )
    with database.connect("owner") as owner:
        owner.execute("ANALYZE analytics.course_daily")
    text = anonymous.get("/metrics").text
    found = samples(text)
    assert _of(found, "open_signals", "high_drop_off_lesson") == 2
    assert _of(found, "open_signals", "low_quiz_pass_rate") is None
    assert _of(found, "publication_failures") == 1
    assert _of(found, "table_rows_estimate", "course_daily") == 1
    assert "private" not in text


DAYS = [date(2026, 3, 26) + timedelta(days=offset) for offset in range(6)]
SEALED = st.tuples(st.integers(0, 5), st.sampled_from([None, 1, 2]), st.booleans())


@given(
    st.dictionaries(st.sampled_from(DAYS), SEALED),
    st.sets(st.sampled_from(DAYS)),
    st.sampled_from(["Pacific/Auckland", "America/Los_Angeles", "UTC"]),
)
@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_due_days_and_the_last_complete_day_are_those_that_runs_go_by(
    database: Database,
    sealed: dict[date, tuple[int, int | None, bool]],
    waiting: set[date],
    zone: str,
) -> None:
    rules = rules_of(database.settings.model_copy(update={"timezone": zone}))
    engine = create_engine(sqlalchemy_url(database.urls.admin))
    today = DAYS[-1]
    with database.connect("owner", autocommit=False) as owner:
        owner.execute("DELETE FROM ingest.inbox")
        owner.execute("DELETE FROM analytics.lake_day")
        for day in waiting:
            put_batch(owner, day, NOW, 3, b"{}")
        for day, (events, published, pruned) in sealed.items():
            owner.execute(
                "INSERT INTO analytics.lake_day (day, version, files, events, bytes, duplicates,"
                " learner_files, published_version, pruned_at) VALUES (%s, 2, '{}', %s, 10, 0, '{}', %s, %s)",
                [day, events, published, NOW if pruned else None],
            )
        owner.commit()
        first, due, complete = first_day(owner), due_days(owner, today), as_of_day(owner, today)
    with engine.connect() as connection:
        found = samples(exposition(connection, rules, day_start(today, rules.zone)).decode())
    engine.dispose()
    assert _of(found, "lake_bytes") == 10 * len(sealed)
    if first is None:
        assert _of(found, "due_days") is None
        return
    assert _of(found, "due_days") == len(due)
    oldest = day_start(due[0], rules.zone).timestamp() if due else None
    assert _of(found, "oldest_due_day_timestamp_seconds") == oldest
    reached = complete + timedelta(days=1) if complete else min(first, today)
    assert _of(found, "complete_through_timestamp_seconds") == day_start(reached, rules.zone).timestamp()


def test_whoever_scrapes_without_end_is_told_to_wait(anonymous: httpx.Client) -> None:
    answers = [anonymous.get("/metrics") for _ in range(60)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
