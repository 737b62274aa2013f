"""Learner days are built from the day's events, once for each version of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from analytics_pipeline.database.turn import Turn, TurnLostError
from analytics_pipeline.lake.catalogue import lake_days
from analytics_pipeline.lake.learner_days import LearnerDaysResult, build_learner_days
from analytics_pipeline.lake.schema import LEARNER_DAYS
from analytics_pipeline.lake.seal import seal_days
from analytics_pipeline.run import PipelineRun
from tests.lake.deliveries import FIRST, Delivery

DAYS = [FIRST + timedelta(days=number) for number in range(3)]
FAILS_ON_THE_SECOND_DAY = """
    SELECT day, course_id, learner_id, lesson_idx, NULL::VARCHAR AS quiz_id, count(*) AS events,
           sum(CASE WHEN learner_id = 'bad' THEN error('cannot be counted') ELSE 0 END) AS checked
      FROM events
     GROUP BY ALL
"""


def build(run: PipelineRun) -> LearnerDaysResult:
    return build_learner_days(run, DAYS, lambda _: None)


def read(run: PipelineRun) -> list[tuple[object, ...]]:
    rows = lake_days(run.connection, DAYS).values()
    files = run.lake.paths(name for row in rows for name in row.learner_files)
    with run.engine.session() as duck:
        return sorted(duck.from_parquet(files).project("day, learner_id, events").fetchall(), key=str)


def test_each_day_gets_one_file_of_the_declared_columns_and_its_version(
    run: PipelineRun, put: Callable[..., None]
) -> None:
    put(*(Delivery(f"{n}", n % 2, learner=f"learner-{n % 3}") for n in range(12)))
    seal_days(run, DAYS, lambda _: None)
    result = build(run)
    assert result.built == {DAYS[0]: 3, DAYS[1]: 3, DAYS[2]: 0}
    rows = lake_days(run.connection, DAYS)
    assert [rows[day].learner_version for day in DAYS] == [1, 1, 1]
    assert [len(rows[day].learner_files) for day in DAYS] == [1, 1, 0]
    assert read(run) == [(day, f"learner-{n}", 2) for day in DAYS[:2] for n in range(3)]
    with run.engine.session() as duck:
        columns = duck.from_parquet(run.lake.path(rows[DAYS[0]].learner_files[0])).columns
    assert columns == list(LEARNER_DAYS)


def test_only_days_whose_events_changed_are_built_again(run: PipelineRun, put: Callable[..., None]) -> None:
    put(Delivery("a", 0), Delivery("b", 1))
    seal_days(run, DAYS[:2], lambda _: None)
    assert build(run).failures == {DAYS[2]: f"{DAYS[2]} was not sealed yet; run raw_events for it first."}
    before = lake_days(run.connection, DAYS)
    put(Delivery("c", 1))
    seal_days(run, DAYS, lambda _: None)
    result = build(run)
    assert (result.built, result.current) == ({DAYS[1]: 1, DAYS[2]: 0}, [DAYS[0]])
    after = lake_days(run.connection, DAYS)
    assert after[DAYS[0]].learner_files == before[DAYS[0]].learner_files
    assert after[DAYS[1]].learner_files != before[DAYS[1]].learner_files
    assert read(run) == [(DAYS[0], "learner-1", 1), (DAYS[1], "learner-1", 2)]


def test_a_day_that_fails_is_named_and_stops_no_other(run: PipelineRun, put: Callable[..., None]) -> None:
    put(Delivery("a", 0), Delivery("b", 1, learner="bad"), Delivery("c", 2))
    seal_days(run, DAYS, lambda _: None)
    result = build_learner_days(run, DAYS, lambda _: None, FAILS_ON_THE_SECOND_DAY)
    assert sorted(result.built) == [DAYS[0], DAYS[2]]
    assert "cannot be counted" in result.failures[DAYS[1]]
    assert lake_days(run.connection, DAYS)[DAYS[1]].learner_version is None


def test_a_pruned_day_keeps_its_learner_days(run: PipelineRun, put: Callable[..., None]) -> None:
    put(Delivery("a", 0))
    seal_days(run, DAYS[:1], lambda _: None)
    run.connection.execute("UPDATE analytics.lake_day SET pruned_at = now()")
    assert "was pruned" in build(run).failures[DAYS[0]]


def test_without_the_turn_no_file_is_named(run: PipelineRun, put: Callable[..., None]) -> None:
    put(Delivery("a", 0))
    seal_days(run, DAYS, lambda _: None)
    with pytest.raises(TurnLostError):
        build(replace(run, turn=Turn("a-zombie", run.turn.epoch - 1)))
    assert lake_days(run.connection, DAYS)[DAYS[0]].learner_version is None
