"""All eleven million events of the Open University through lake and models: its known figures."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import duckdb
import msgspec
import pytest

from analytics_pipeline.days import DayRange
from analytics_pipeline.events import StoredEvent, WireEvent
from analytics_pipeline.importing.oulad import open_oulad
from analytics_pipeline.lake.catalogue import lake_days
from analytics_pipeline.lake.learner_days import build_learner_days
from analytics_pipeline.lake.seal import seal_days
from analytics_pipeline.metrics.cohorts import publish_cohorts_as_of
from analytics_pipeline.metrics.publication import publish_daily
from analytics_pipeline.metrics.relations import event_files
from analytics_pipeline.run import PipelineRun
from tests.conftest import Database, Server, fresh_database
from tests.inbox import put_batch
from tests.pipeline_runs import a_run

pytestmark = [pytest.mark.soak, pytest.mark.timeout(0)]

BATCH = 50_000
UNSCORED = """
    SELECT count(*) AS attempts FROM events
     WHERE event_type = 'quiz_attempted' AND json_extract_string(metadata, '$.score') IS NULL
"""


class Whole:
    """The published database, and the raw files to compare with."""

    def __init__(self, database: Database, folder: Path, unscored: int) -> None:
        self.database = database
        self.unscored = unscored
        self._folder = folder

    def published(self, query: str) -> list[tuple[Any, ...]]:
        with self.database.connect("admin") as admin:
            return admin.execute(query.encode()).fetchall()

    def raw(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the files, each by its table's name."""
        with duckdb.connect() as duck:
            for path in self._folder.glob("*.parquet"):
                duck.from_parquet(str(path)).create_view(path.stem.split("_")[0])
            return duck.execute(query).fetchall()


@pytest.fixture(scope="module")
def whole(server: Server, test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    folder = test_data / "oulad"
    with fresh_database(server) as database:
        changes: dict[str, Any] = {"first_day": date(2012, 1, 1), "funnel_window_days": 700}
        with a_run(database, tmp_path_factory.mktemp("oulad"), threads=2, **changes) as run:
            started = monotonic()
            days = deliver(database, folder, run)
            print(f"\ndelivered after {monotonic() - started:.0f} s")  # noqa: T201  # figures of a long run
            for step in (seal_days, build_learner_days, publish_daily):
                assert not step(run, days, lambda _: None).failures
                print(f"{step.__name__} after {monotonic() - started:.0f} s")  # noqa: T201
            publish_cohorts_as_of(run, days.last)
            print(f"cohorts after {monotonic() - started:.0f} s")  # noqa: T201
            events = {"events": event_files(run.lake, lake_days(run.connection, days).values())}
            unscored = int(run.engine.frame(UNSCORED, events, {})["attempts"][0])
        yield Whole(database, folder, unscored)


def deliver(database: Database, folder: Path, run: PipelineRun) -> DayRange:
    """Put every event into the inbox, as the ingest service leaves it; return the days from first to last."""
    wire, stored = msgspec.json.Decoder(WireEvent), msgspec.json.Encoder()
    days: list[date] = []
    lines: list[bytes] = []

    with database.connect("ingest") as connection:

        def flush() -> None:
            if lines:
                payload = b"\n".join(lines) + b"\n"
                put_batch(connection, days[-1], datetime(2026, 1, 1, tzinfo=UTC), len(lines), payload)
                lines.clear()

        for line in open_oulad(folder, run.settings.zone).events:
            event = wire.decode(line)
            assert not isinstance(event.created_at, int)
            day = event.created_at.date()
            if not days or day != days[-1] or len(lines) == BATCH:
                flush()
                days.append(day)
            micros = int(event.created_at.timestamp()) * 1_000_000
            lines.append(
                stored.encode(
                    StoredEvent(
                        str(event.id), event.event_type, event.user_id, event.course_id, event.lesson_idx,
                        event.metadata or {}, micros, micros, 0,
                    )
                )
            )  # fmt: skip
        flush()
    return DayRange(days[0], days[-1])


def test_registrations_and_completions_are_those_of_each_presentation(whole: Whole) -> None:
    assert whole.raw("SELECT count(*), count(date_registration) FROM studentRegistration") == [
        (32_593, 32_548)
    ]
    raw = whole.raw(
        "SELECT r.code_module || '-' || r.code_presentation, count(r.date_registration),"
        "       count(*) FILTER (WHERE final_result IN ('Pass', 'Distinction'))"
        "  FROM studentRegistration r JOIN studentInfo USING (code_module, code_presentation, id_student)"
        " GROUP BY 1 ORDER BY 1"
    )
    published = whole.published(
        "SELECT course_id, sum(enrolments)::int, sum(completions)::int"
        '  FROM analytics.course_daily GROUP BY 1 ORDER BY course_id COLLATE "C"'
    )
    assert published == raw
    assert len(published) == 22
    assert (sum(row[1] for row in published), sum(row[2] for row in published)) == (32_548, 15_385)


def test_attempts_and_passes_are_counted_as_events_and_by_learners(whole: Whole) -> None:
    events = dict(
        whole.published("SELECT event_type, sum(events)::int FROM analytics.event_day GROUP BY event_type")
    )
    assert (events["quiz_attempted"], events["quiz_passed"], whole.unscored) == (172_003, 164_315, 172)
    raw = whole.raw(
        "SELECT count(*), count(*) FILTER (WHERE first), count(*) FILTER (WHERE ever)"
        "  FROM (SELECT id_student, id_assessment, bool_or(score >= 40) IS TRUE AS ever,"
        "               (arg_min(coalesce(score, -1), date_submitted) >= 40) AS first"
        "          FROM studentAssessment WHERE is_banked = 0 GROUP BY ALL)"
    )
    published = whole.published(
        "SELECT sum(attempters)::int, sum(first_attempt_passers)::int, sum(best_attempt_passers)::int"
        "  FROM analytics.quiz_cohort"
    )
    print(f"\nlearners who attempted, passed at first, ever passed: {published}")  # noqa: T201
    assert published == raw


def test_all_but_one_completer_convert_since_one_has_no_dated_registration(whole: Whole) -> None:
    counted = whole.published(
        "SELECT sum(entered)::int, sum(converted)::int FROM analytics.course_funnel"
        " WHERE funnel = 'completion'"
    )
    assert counted == [(32_548, 15_384)]


def test_views_are_all_counted_although_many_rows_are_equal(whole: Whole) -> None:
    keys = "code_module, code_presentation, id_student, id_site, date"
    distinct = f"SELECT count(*) FROM (SELECT {keys} FROM studentVle GROUP BY ALL)"  # noqa: S608  # constants
    assert whole.raw(distinct) == [(8_459_320,)]
    assert whole.published("SELECT sum(views)::int FROM analytics.course_daily") == [(10_655_280,)]
    assert whole.published("SELECT sum(views)::int, sum(viewers)::int FROM analytics.lesson_daily") == [
        (10_655_280, 8_459_320)
    ]


def test_nothing_was_left_out(whole: Whole) -> None:
    counted = whole.published(
        "SELECT sum(events)::int, sum(excluded)::int, sum(duplicates)::int, sum(conflicts + rejected)::int"
        "  FROM analytics.event_day"
    )
    assert counted == [(11_039_531, 0, 0, 0)]
