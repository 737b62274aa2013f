"""After pruning, every number is what an unpruned lake gives, or what stood when it was frozen."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics_pipeline.lake.catalogue import due_days, first_kept_day
from analytics_pipeline.lake.seal import seal_days
from analytics_pipeline.metrics.history import cohort_history
from analytics_pipeline.retention.prune import Pruning, prune
from analytics_pipeline.run import PipelineRun
from tests.conftest import Database, Server, fresh_database
from tests.course_life import FIRST, life
from tests.inbox import deliver
from tests.metrics.nights import night, published
from tests.pipeline_runs import a_run

DAYS = 16
SETTINGS: dict[str, Any] = {
    "first_day": FIRST,
    "retention_days": 3,
    "funnel_window_days": 5,
    "refund_window_days": 4,
    "quiet_days": 2,
}
COHORT_TABLES = ("lesson_cohort", "quiz_cohort", "course_funnel", "course_refund")
DAILY_TABLES = ("event_day", "lesson_daily", "course_daily")


@contextmanager
def site(server: Server, folder: Path, **changes: Any) -> Iterator[tuple[Database, PipelineRun]]:
    with fresh_database(server) as database, a_run(database, folder, **(SETTINGS | changes)) as run:
        yield database, run


def day_number(number: int) -> date:
    return FIRST + timedelta(days=number)


def morning_after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(2), UTC)


def prune_after(run: PipelineRun, day: date) -> Pruning:
    return prune(run, lambda _: None, morning_after(day))


def key_of(row: dict[str, Any]) -> str:
    return str(sorted((name, str(value)) for name, value in row.items()))


def rows_of(database: Database, table: str) -> list[dict[str, Any]]:
    return sorted(published(database, table), key=key_of)


def test_kept_cohorts_go_on_as_if_nothing_was_pruned_and_frozen_ones_stand_still(
    server: Server, tmp_path: Path
) -> None:
    stream = life(seed=11, days=DAYS, learners=50, events_a_day=70)
    with site(server, tmp_path / "a") as (pruned, run), site(server, tmp_path / "b") as (whole, control):
        frozen: dict[str, list[dict[str, Any]]] = {table: [] for table in COHORT_TABLES}
        for day, wire in stream.items():
            for database, each in ((pruned, run), (whole, control)):
                with database.connect("ingest") as ingest:
                    deliver(ingest, wire, each.settings)
                night(each, [day], day)
            kept_since = first_kept_day(run.connection) or FIRST
            for table in COHORT_TABLES:
                now_kept = [row for row in rows_of(whole, table) if row["cohort_day"] >= kept_since]
                expected = sorted([*frozen[table], *now_kept], key=key_of)
                assert rows_of(pruned, table) == expected, (day, table)
            prune_after(run, day)
            kept_since = first_kept_day(run.connection) or FIRST
            frozen = {
                table: [row for row in rows_of(pruned, table) if row["cohort_day"] < kept_since]
                for table in COHORT_TABLES
            }
        assert kept_since == day_number(DAYS - 5)
        assert all(rows for rows in frozen.values())
        assert [rows_of(pruned, table) for table in DAILY_TABLES] == [
            rows_of(whole, table) for table in DAILY_TABLES
        ]
        revisions = run.connection.execute("SELECT count(*) FROM analytics.metric_revision").fetchone()
        assert revisions == (0,)
        last = day_number(DAYS - 1)
        with cohort_history(run, last, last) as tables_as_of:
            read = {name: len(frame) for name, frame in tables_as_of(last).items()}
        assert read == {table: len(rows_of(pruned, table)) for table in COHORT_TABLES}


@pytest.fixture(scope="module")
def pruned_site(
    server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Database, PipelineRun]]:
    """Twelve nights, the last of which pruned the first nine days."""
    with site(server, tmp_path_factory.mktemp("site")) as (database, run):
        stream = life(seed=12, days=12, learners=20, events_a_day=30)
        for day, wire in stream.items():
            with database.connect("ingest") as ingest:
                deliver(ingest, wire, run.settings)
            night(run, [day], day)
        prune_after(run, day)
        yield database, run


def test_of_pruned_days_no_raw_file_is_left_and_of_frozen_ones_one_file_in_all(
    pruned_site: tuple[Database, PipelineRun],
) -> None:
    _, run = pruned_site
    rows = run.connection.execute(
        "SELECT day, files, learner_files, frozen_at IS NOT NULL FROM analytics.lake_day ORDER BY day"
    ).fetchall()
    assert [bool(files) for _, files, _, _ in rows] == [False] * 9 + [True] * 3
    assert [frozen for *_, frozen in rows] == [True] * 7 + [False] * 5
    assert [len(names) for _, _, names, _ in rows] == [0] * 6 + [1] * 6
    named = {name for _, files, names, _ in rows for name in [*files, *names]}
    assert set(run.lake.written_before(datetime.now(UTC) + timedelta(days=1))) == named


def test_the_files_to_look_things_up_in_are_let_go_of_with_a_sunday_and_stay_with_any_other_day(
    server: Server, tmp_path: Path
) -> None:
    stood = dict[date, bool]()
    with site(server, tmp_path) as (database, run):
        for day, wire in life(seed=13, days=14, learners=12, events_a_day=20).items():
            with database.connect("ingest") as ingest:
                deliver(ingest, wire, run.settings)
            night(run, [day], day)
            let_go = prune_after(run, day).plan.learners
            query = "SELECT entry_file IS NOT NULL FROM analytics.cohort_publication"
            (named,) = run.connection.execute(query).fetchone() or (None,)
            stood |= {row.day: bool(named) for row in let_go}
    assert len(stood) == 9
    assert [day for day, named in stood.items() if not named] == [date(2024, 3, 3)]


def test_pruning_again_finds_nothing(pruned_site: tuple[Database, PipelineRun]) -> None:
    _, run = pruned_site
    again = prune_after(run, day_number(11))
    assert (again.plan.raw, again.plan.learners) == ([], [])


def test_a_pruned_day_is_refused_and_never_due(pruned_site: tuple[Database, PipelineRun]) -> None:
    _, run = pruned_site
    refused = seal_days(run, [FIRST], lambda _: None).failures[FIRST]
    assert refused == f"{FIRST} was pruned: its raw events are gone, and its published numbers stay."
    assert due_days(run.connection, day_number(12)) == []


def test_an_event_that_waited_for_a_pruned_day_goes_to_quarantine_with_the_reason(
    pruned_site: tuple[Database, PipelineRun],
) -> None:
    database, run = pruned_site
    before = rows_of(database, "event_day")
    late = life(seed=99, days=1, learners=3, events_a_day=4)
    with database.connect("ingest") as ingest:
        deliver(ingest, [{**event, "id": f"late-{event['id']}"} for event in late[FIRST]], run.settings)
    assert prune_after(run, day_number(11)).late == 4
    kept = run.connection.execute(
        "SELECT count(*), min(reason), max(reason) FROM ingest.quarantine WHERE event_id LIKE 'late-%'"
    ).fetchone()
    reason = f"too_old: {FIRST} was pruned"
    assert kept == (4, reason, reason)
    assert run.connection.execute("SELECT count(*) FROM ingest.inbox").fetchone() == (0,)
    assert rows_of(database, "event_day") == before
