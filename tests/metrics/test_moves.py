"""What moves when something comes late, is mended or is defined anew: that, and nothing beside it."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from analytics_pipeline.lake.catalogue import due_days
from analytics_pipeline.lake.learner_days import build_learner_days
from analytics_pipeline.metrics.causes import DEFINITION_CHANGE, ERASURE, LATE_EVENTS
from analytics_pipeline.metrics.cohorts import publish_cohorts_as_of
from analytics_pipeline.metrics.models import LEARNER_DAYS
from analytics_pipeline.metrics.publication import publish_daily
from analytics_pipeline.run import PipelineRun
from tests.conftest import Database
from tests.metrics.nights import DAY, event, night, published, put, through
from tests.pipeline_runs import a_run

NEXT = DAY + timedelta(days=1)
Stamp = tuple[datetime, str]


def stamps(database: Database, table: str, *key: str) -> dict[tuple[Any, ...], Stamp]:
    """When and by which run the rows with each key were published."""
    query = f"SELECT {', '.join(key)}, computed_at, run_id FROM analytics.{table}"  # noqa: S608  # names of ours
    with database.connect("admin") as admin:
        return {row[:-2]: row[-2:] for row in admin.execute(query.encode()).fetchall()}


def causes(database: Database) -> set[tuple[str, str, str]]:
    """Table, cause and run of every revision."""
    with database.connect("admin") as admin:
        return set(
            admin.execute("SELECT table_name, cause, run_id FROM analytics.metric_revision").fetchall()
        )


def test_late_events_move_their_day_and_their_course_and_nothing_else(
    database: Database, tmp_path: Any
) -> None:
    put(
        database,
        event(1),
        event(2, courseId="c2"),
        event(3, day=NEXT),
        event(4, "enroll", courseId="c2", lessonIdx=None),
    )
    with a_run(database, tmp_path, "first") as run:
        night(run, [DAY, NEXT], NEXT)
    put(database, event(5, userId="u2", minute=3))
    with a_run(database, tmp_path, "second") as run:
        assert due_days(run.connection, NEXT + timedelta(days=1)) == [DAY]
        night(run, [DAY], NEXT)
    for table in ("event_day", "lesson_daily", "course_daily"):
        rows = stamps(database, table, "day", "course_id")
        assert {key[0] for key, stamp in rows.items() if stamp[1] == "second"} == {DAY}, table
        assert {key[0] for key, stamp in rows.items() if stamp[1] == "first"} == {NEXT}, table
    for table in ("lesson_cohort", "course_funnel"):
        rows = stamps(database, table, "course_id")
        assert {key[0]: stamp[1] for key, stamp in rows.items()} == {
            "lesson_cohort": {"c1": "second", "c2": "first"},
            "course_funnel": {"c2": "first"},
        }[table]
    assert {each[1:] for each in causes(database)} == {(LATE_EVENTS, "second")}


def test_whoever_erases_gives_the_cause(run: PipelineRun, database: Database) -> None:
    put(database, event(1), event(2, userId="u2"))
    night(run, [DAY], DAY)
    with database.connect("pipeline") as connection:
        connection.execute(
            "UPDATE analytics.lesson_daily SET viewers = 3; UPDATE analytics.lesson_cohort SET viewers = 3"
        )
    publish_daily(run, [DAY], lambda _: None, ERASURE)
    publish_cohorts_as_of(run, DAY, ERASURE)
    assert {each[:2] for each in causes(database)} == {("lesson_daily", ERASURE), ("lesson_cohort", ERASURE)}


def test_days_of_another_definition_are_due_and_their_numbers_move_for_that_reason(
    run: PipelineRun, database: Database
) -> None:
    put(database, event(1), event(2, day=NEXT))
    night(run, [DAY, NEXT], NEXT)
    tomorrow = NEXT + timedelta(days=1)
    assert due_days(run.connection, tomorrow) == []
    with database.connect("pipeline") as connection:
        connection.execute(
            "UPDATE analytics.lake_day SET learner_definition = 'old', published_definition = 'old'"
            " WHERE day = %s",
            [DAY],
        )
        connection.execute("UPDATE analytics.lesson_daily SET viewers = 3")
    assert due_days(run.connection, tomorrow) == [DAY]
    refused = publish_daily(run, [DAY], lambda _: None)
    assert "run learner_days for it first" in refused.failures[DAY]
    assert build_learner_days(run, [DAY, NEXT], lambda _: None).current == [NEXT]
    assert publish_daily(run, [DAY], lambda _: None).revisions == 1
    assert causes(database) == {("lesson_daily", DEFINITION_CHANGE, "the-run")}
    assert due_days(run.connection, tomorrow) == []


def test_learner_days_are_built_again_by_another_sql(run: PipelineRun, database: Database) -> None:
    put(database, event(1))
    through(run, [DAY])
    explained = f"-- Another explanation.\n{LEARNER_DAYS}"
    assert build_learner_days(run, [DAY], lambda _: None, explained).current == [DAY]
    changed = LEARNER_DAYS.replace("600000", "500000")
    assert build_learner_days(run, [DAY], lambda _: None, changed).built == {DAY: 1}


@pytest.mark.parametrize(
    ("change", "cause"),
    [({"quiet_days": 1}, DEFINITION_CHANGE), ({"funnel_windows": {"c1": 1}}, DEFINITION_CHANGE)],
)
def test_a_changed_window_is_why_cohorts_move(
    database: Database, tmp_path: Any, change: dict[str, Any], cause: str
) -> None:
    last = DAY + timedelta(days=3)
    put(database, event(1), event(2, "enroll", lessonIdx=None), event(3, day=last, courseId="c2"))
    with a_run(database, tmp_path) as run:
        night(run, [DAY, last], last)
    with a_run(database, tmp_path, "later", **change) as run:
        assert publish_cohorts_as_of(run, last).published.revisions > 0
    assert {each[1:] for each in causes(database)} == {(cause, "later")}


def test_required_lessons_of_the_catalogue_are_why_cohorts_move(run: PipelineRun, database: Database) -> None:
    put(
        database,
        event(1, "lesson_completed"),
        event(2, "enroll", lessonIdx=None),
        event(3, "enroll", userId="u2"),
    )
    night(run, [DAY], DAY)
    (funnel,) = published(database, "course_funnel")
    assert (funnel["completed_required"], funnel["progress_sum"], funnel["window_days"]) == (None, None, 90)
    with database.connect("pipeline") as connection:
        connection.execute(
            "INSERT INTO analytics.course VALUES ('c1', 'Algebra', 270, now(), 'x');"
            "INSERT INTO analytics.course_lesson VALUES ('c1', 0, 'Sets', true, now(), 'x'),"
            " ('c1', 1, 'Groups', true, now(), 'x'), ('c1', 2, 'Rings', false, now(), 'x')"
        )
    publish_cohorts_as_of(run, DAY)
    (funnel,) = published(database, "course_funnel")
    assert (funnel["completed_required"], funnel["progress_sum"], funnel["window_days"]) == (0, 0.5, 270)
    assert {each[1] for each in causes(database)} == {DEFINITION_CHANGE}


def refunds_in_quarantine(database: Database) -> list[dict[str, Any]]:
    with database.connect("pipeline") as connection:
        rows = connection.execute(
            "SELECT body FROM ingest.quarantine WHERE reason = 'unknown_order' ORDER BY event_id"
        ).fetchall()
    return [json.loads(body) for (body,) in rows]


def event_counts(database: Database) -> dict[tuple[date, str], tuple[int, int]]:
    return {
        (row["day"], row["event_type"]): (row["events"], row["rejected"])
        for row in published(database, "event_day")
    }


def test_a_refund_of_no_known_order_waits_in_quarantine_until_its_purchase_comes(
    run: PipelineRun, database: Database
) -> None:
    about = {"orderId": "o1", "amount": 5, "currency": "EUR"}
    put(database, event(1, "refund", lessonIdx=None, metadata=about, day=NEXT))
    put(database, event(2, "refund", lessonIdx=None, userId=None, day=NEXT))
    night(run, [DAY, NEXT], NEXT)
    first, second = refunds_in_quarantine(database)
    assert first == {
        "id": "e1",
        "eventType": "refund",
        "userId": "u1",
        "courseId": "c1",
        "createdAt": f"{NEXT}T00:00:00Z",
        "metadata": {"orderId": "o1", "amount": "5.0000", "currency": "EUR"},
    }
    assert (second["id"], second["metadata"], "userId" in second) == ("e2", {}, False)
    assert [row["unknown_refunds"] for row in published(database, "course_refund")] == [1, 1]
    put(database, event(3, "purchase", lessonIdx=None, metadata=about))
    night(run, [DAY, NEXT], NEXT)
    assert [each["id"] for each in refunds_in_quarantine(database)] == ["e2"]
    counted = [
        (row["orders"], row["refunded_orders"], row["unknown_refunds"])
        for row in published(database, "course_refund")
    ]
    assert sorted(counted) == [(0, 0, 1), (1, 1, 0)]


def test_a_refund_in_quarantine_was_accepted_and_is_not_counted_as_rejected(
    run: PipelineRun, database: Database
) -> None:
    put(database, event(1, "refund", lessonIdx=None))
    night(run, [DAY], DAY)
    night(run, [DAY], DAY)
    assert len(refunds_in_quarantine(database)) == 1
    assert event_counts(database) == {(DAY, "refund"): (1, 0)}


def test_the_quarantine_changes_also_where_as_many_refunds_of_the_day_name_no_known_order_as_before(
    run: PipelineRun, database: Database
) -> None:
    def order(number: int, kind: str, day: date, order_id: str) -> dict[str, Any]:
        about = {"orderId": order_id, "amount": 5, "currency": "EUR"}
        return event(number, kind, lessonIdx=None, day=day, metadata=about)

    last = NEXT + timedelta(days=1)
    put(database, order(1, "refund", DAY, "o1"))
    night(run, [DAY], DAY)
    night(run, [NEXT], NEXT)
    assert [each["id"] for each in refunds_in_quarantine(database)] == ["e1"]
    put(database, order(2, "refund", DAY, "o2"), order(3, "purchase", last, "o1"))
    through(run, [DAY, last])
    assert not publish_cohorts_as_of(run, last).counted_all
    assert [each["id"] for each in refunds_in_quarantine(database)] == ["e2"]
    counted = [(row["cohort_day"], row["unknown_refunds"]) for row in published(database, "course_refund")]
    assert sorted(counted) == [(DAY, 1), (last, 0)]
