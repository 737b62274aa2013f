"""Numbers on their whole way: from the inbox through lake and models into PostgreSQL."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics_pipeline.database.turn import TurnLostError
from analytics_pipeline.days import DayRange
from analytics_pipeline.lake.catalogue import lake_days
from analytics_pipeline.metrics.cohorts import publish_cohorts_as_of
from analytics_pipeline.metrics.publication import publish_cohorts, publish_daily
from analytics_pipeline.run import PipelineRun
from tests.conftest import Database
from tests.inbox import deliver
from tests.metrics import oracle, oracle_cohorts
from tests.metrics.nights import DAY, clear, event, night, published, put, through
from tests.metrics.oracle import Rows, Wire
from tests.metrics.oracle_cohorts import Asked
from tests.metrics.streams import PARIS, streams
from tests.metrics.tables import canonical
from tests.pipeline_runs import a_run


@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(data=st.data())
def test_tables_equal_the_oracle_however_the_stream_is_split_over_nights(
    module_database: Database, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    wire = data.draw(streams(PARIS, longest=80).filter(bool))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=2)))
    shuffle = random.Random(data.draw(st.integers(0, 99)))
    days = {oracle.understand(each, PARIS).day for each in wire}
    asked = Asked(zone=PARIS, as_of_day=max(days))
    whole = list(DayRange(min(days), max(days)))
    clear(module_database)
    with module_database.connect("owner") as owner:
        owner.execute("UPDATE analytics.site SET timezone = 'Europe/Paris'")
    with a_run(module_database, tmp_path_factory.mktemp("site"), timezone="Europe/Paris") as run:
        for first, last in zip([0, *cuts], [*cuts, len(wire)], strict=True):
            with module_database.connect("ingest") as connection:
                touched = list(deliver(connection, wire[first:last], run.settings))
            shuffle.shuffle(touched)
            through(run, touched[::2])
            through(run, touched[1::2])
        night(run, whole, asked.as_of_day)
    assert_published(module_database, wire, asked)


def assert_published(database: Database, wire: list[Wire], asked: Asked) -> None:
    wanted: dict[str, Rows] = {
        "event_day": oracle.event_day(wire, asked.zone),
        "lesson_daily": oracle.lesson_daily(wire, asked.zone),
        "course_daily": oracle.course_daily(wire, asked.zone),
        "lesson_cohort": oracle_cohorts.lesson_cohort(wire, asked),
        "quiz_cohort": oracle_cohorts.quiz_cohort(wire, asked),
        "course_funnel": oracle_cohorts.course_funnel(wire, asked),
        "course_refund": oracle_cohorts.course_refund(wire, asked),
    }
    for table, rows in wanted.items():
        assert canonical(published(database, table)) == canonical(rows), table


def test_publishing_marks_the_version_that_the_tables_rest_on(run: PipelineRun, database: Database) -> None:
    put(database, event(1))
    assert through(run, [DAY]).days == [DAY]
    row = lake_days(run.connection, [DAY])[DAY]
    assert (row.version, row.published_version) == (1, 1)


def test_publishing_again_changes_nothing_and_records_nothing(run: PipelineRun, database: Database) -> None:
    put(database, event(1), event(2, "lesson_completed", minute=5))
    night(run, [DAY], DAY)
    before = [published(database, table) for table in ("lesson_daily", "lesson_cohort")]
    again = publish_daily(run, [DAY], lambda _: None)
    cohorts = publish_cohorts_as_of(run, DAY)
    assert (again.revisions, cohorts.published.revisions) == (0, 0)
    assert [published(database, table) for table in ("lesson_daily", "lesson_cohort")] == before


def test_late_events_move_their_day_and_leave_revisions_that_name_them(
    run: PipelineRun, database: Database
) -> None:
    """A watermark on the newest event once dropped what came late (MIT ol-data-platform 2385)."""
    newest = DAY + timedelta(days=9)
    put(database, event(1), event(3, day=newest))
    night(run, [DAY, newest], DAY)
    put(database, event(2, userId="u2", minute=3))
    assert through(run, [DAY]).revisions > 0
    assert publish_cohorts_as_of(run, DAY).published.revisions > 0
    with database.connect("admin") as admin:
        moved = admin.execute(
            "SELECT table_name, metric, old_value, new_value, cause FROM analytics.metric_revision"
        ).fetchall()
    assert ("lesson_daily", "viewers", "1", "2", "late events") in moved
    assert ("lesson_cohort", "viewers", "1", "2", "late events") in moved


def test_many_small_days_are_published_together(run: PipelineRun, database: Database) -> None:
    days = [DAY + timedelta(days=n) for n in range(150)]
    put(database, *(event(n, day=day) for n, day in enumerate(days)))
    result = through(run, days)
    assert result.days == days
    assert result.rows["course_daily"] == 150
    assert len(published(database, "course_daily")) == 150


def test_a_day_that_was_not_sealed_is_named_and_stops_no_other(run: PipelineRun, database: Database) -> None:
    put(database, event(1))
    through(run, [DAY])
    unknown = DAY + timedelta(days=5)
    result = publish_daily(run, [unknown, DAY], lambda _: None)
    assert result.days == [DAY]
    assert result.failures == {unknown: f"{unknown} was not sealed yet; run raw_events for it first."}


def test_a_day_whose_files_disagree_with_the_catalogue_keeps_its_old_numbers(
    run: PipelineRun, database: Database
) -> None:
    next_day = DAY + timedelta(days=1)
    put(database, event(1), event(2, day=next_day))
    through(run, [DAY, next_day])
    before = published(database, "event_day")
    with database.connect("pipeline") as connection:
        connection.execute("UPDATE analytics.lake_day SET events = 7 WHERE day = %s", [DAY])
    result = publish_daily(run, [DAY, next_day], lambda _: None)
    assert result.days == [next_day]
    assert "sealed_events_reconcile" in result.failures[DAY]
    assert not result.checks["sealed_events_reconcile"].passed
    assert canonical(published(database, "event_day")) == canonical(before)


def test_a_day_whose_file_is_gone_is_named_and_stops_no_other(run: PipelineRun, database: Database) -> None:
    next_day = DAY + timedelta(days=1)
    put(database, event(1), event(2, day=next_day))
    through(run, [DAY, next_day])
    row = lake_days(run.connection, [DAY])[DAY]
    run.lake.remove(row.files)
    result = publish_daily(run, [DAY, next_day], lambda _: None)
    assert result.days == [next_day]
    assert row.files[0] in result.failures[DAY]


def test_learner_days_that_miss_an_event_are_not_published(run: PipelineRun, database: Database) -> None:
    put(database, event(1), event(2, minute=1))
    through(run, [DAY])
    put(database, event(3, minute=2))
    through(run, [DAY])
    with database.connect("pipeline") as connection:
        connection.execute("UPDATE analytics.lake_day SET learner_files = '{}'")
    result = publish_daily(run, [DAY], lambda _: None)
    assert not result.days
    assert not result.checks["learner_days_reconcile"].passed


def test_learner_days_behind_their_events_are_refused(run: PipelineRun, database: Database) -> None:
    put(database, event(1))
    through(run, [DAY])
    with database.connect("pipeline") as connection:
        connection.execute("UPDATE analytics.lake_day SET version = version + 1")
    result = publish_daily(run, [DAY], lambda _: None)
    assert "run learner_days for it first" in result.failures[DAY]


def test_a_run_that_lost_its_turn_publishes_nothing(run: PipelineRun, database: Database) -> None:
    put(database, event(1))
    through(run, [DAY])
    stale = replace(run, turn=replace(run.turn, epoch=run.turn.epoch - 1))
    with pytest.raises(TurnLostError):
        publish_daily(stale, [DAY], lambda _: None)
    with pytest.raises(TurnLostError):
        publish_cohorts_as_of(stale, DAY)
    assert not published(database, "course_funnel")


def test_without_a_published_day_there_are_no_cohorts(run: PipelineRun, database: Database) -> None:
    assert publish_cohorts(run) is None
    put(database, event(1))
    assert publish_cohorts(run) is None


def test_cohorts_are_as_of_the_last_day_without_a_gap_before_it(run: PipelineRun, database: Database) -> None:
    gap = DAY + timedelta(days=2)
    put(database, event(1), event(2, day=gap))
    through(run, [DAY, DAY + timedelta(days=1)])
    publication = publish_cohorts(run)
    assert publication is not None
    assert publication.as_of == DAY + timedelta(days=1)


def test_unknown_types_and_other_rejections_are_counted_apart_from_conflicts(
    run: PipelineRun, database: Database
) -> None:
    put(database, event(1))
    with database.connect("ingest") as connection:
        for name, kind, reason in (
            ("a", "dance", "unknown_type"),
            ("b", "enroll", "metadata: amount must be"),
        ):
            connection.execute(
                "INSERT INTO ingest.quarantine (id, received_at, day, course_id, event_type, reason, body)"
                " VALUES (%s, now(), %s, 'c1', %s, %s, '')",
                [name, DAY, kind, reason],
            )
    through(run, [DAY])
    counts = {
        row["event_type"]: (row["events"], row["rejected"], row["conflicts"])
        for row in published(database, "event_day")
    }
    assert counts == {"lesson_viewed": (1, 0, 0), None: (0, 1, 0), "enroll": (0, 1, 0)}
