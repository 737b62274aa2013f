"""Signals in the database: once per as-of day, in order, the same however many nights are caught up."""

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics_pipeline.database.turn import TurnLostError
from analytics_pipeline.days import DayRange
from analytics_pipeline.run import PipelineRun
from analytics_pipeline.signals.evaluate import MOST_DAYS, evaluate_signals, evaluate_signals_to, pending_days
from tests.conftest import Database
from tests.metrics.nights import clear, night, published, put, through
from tests.metrics.oracle import Rows, Wire
from tests.pipeline_runs import a_run
from tests.signals.conftest import QUIET_DAYS

FIRST = date(2024, 3, 1)
LAST = FIRST + timedelta(days=13)
IN_BETWEEN = FIRST + timedelta(days=8)

RULES: dict[str, Any] = {"quiet_days": QUIET_DAYS, "signal_drop_off": 0.3}
"""What the course below was made for: under 0.25 it would still be open on its last day."""


def a_course_that_loses_learners_at_lesson_1_until_it_is_mended() -> list[Wire]:
    """Some learners start every day; at lesson 1 most of them stop, from the sixth day on hardly any does."""
    chance = random.Random(4)
    wire: list[Wire] = []
    for started in range(14):
        for seat in range(8 if started < 5 else 20):
            stops_early = chance.random() < (0.9 if started < 5 else 0.02)
            lessons = 2 if stops_early else 4
            wire += [view(f"u{started}-{seat}", started + lesson // 2, lesson) for lesson in range(lessons)]
    return wire


def instant(day: int, hour: int) -> str:
    return f"{FIRST + timedelta(days=day)}T{hour:02d}:00:00+00:00"


def view(learner: str, day: int, lesson: int, hour: int | None = None) -> Wire:
    return {
        "id": f"{learner}-{lesson}",
        "eventType": "lesson_viewed",
        "userId": learner,
        "courseId": "c1",
        "lessonIdx": lesson,
        "metadata": {},
        "createdAt": instant(day, 10 + lesson if hour is None else hour),
    }


def signals_of(database: Database) -> Rows:
    return sorted(published(database, "signal"), key=str)


@pytest.fixture
def wire() -> list[Wire]:
    return a_course_that_loses_learners_at_lesson_1_until_it_is_mended()


def test_nights_caught_up_at_once_give_the_signals_of_nights_one_by_one(
    database: Database, tmp_path: Path, wire: list[Wire]
) -> None:
    whole = list(DayRange(FIRST, LAST))
    put(database, *wire)
    with a_run(database, tmp_path / "at-once", **RULES) as run:
        night(run, whole, LAST)
        evaluations = evaluate_signals_to(run, LAST)
    at_once = signals_of(database)
    clear(database)
    with a_run(database, tmp_path / "one-by-one", **RULES) as run:
        for day in whole:
            put(database, *[event for event in wire if event["createdAt"].startswith(str(day))])
            night(run, [day], day)
            evaluate_signals_to(run, day)
    assert signals_of(database) == at_once
    assert [evaluation.as_of for evaluation in evaluations] == whole
    (signal,) = at_once
    assert (signal["rule"], signal["course_id"], signal["lesson_idx"]) == ("high_drop_off_lesson", "c1", 1)
    assert FIRST < signal["opened_at"] < signal["last_seen_at"] < signal["resolved_at"] <= LAST


def test_evaluating_again_changes_nothing(run: PipelineRun, database: Database, wire: list[Wire]) -> None:
    put(database, *wire)
    night(run, list(DayRange(FIRST, LAST)), IN_BETWEEN)
    assert len(evaluate_signals_to(run, IN_BETWEEN)) == 9
    before = signals_of(database), published(database, "signal_evaluation")
    assert before[0]
    assert evaluate_signals_to(run, IN_BETWEEN) == []
    assert (signals_of(database), published(database, "signal_evaluation")) == before


def test_evidence_can_be_checked_against_the_published_table(
    run: PipelineRun, database: Database, wire: list[Wire]
) -> None:
    put(database, *wire)
    night(run, list(DayRange(FIRST, LAST)), IN_BETWEEN)
    evaluate_signals_to(run, IN_BETWEEN)
    (signal,) = signals_of(database)
    assert signal["last_seen_at"] == IN_BETWEEN
    first, last = (date.fromisoformat(signal["evidence"][name]) for name in ("cohorts_from", "cohorts_to"))
    assert last == IN_BETWEEN - timedelta(days=QUIET_DAYS)
    lessons = [row for row in published(database, "lesson_cohort") if first <= row["cohort_day"] <= last]
    here = [row for row in lessons if row["lesson_idx"] == 1]
    reach = sum(
        row[end] for row in lessons if row["lesson_idx"] >= 1 for end in ("stopped", "active", "finished")
    )
    stopped, active = sum(row["stopped"] for row in here), sum(row["active"] for row in here)
    assert (signal["evidence"]["numerator"], signal["evidence"]["denominator"]) == (stopped, reach - active)
    assert signal["value"] == stopped / (reach - active)
    assert signal["threshold"] == run.settings.signal_drop_off


def test_signals_of_the_current_as_of_day_are_those_up_to_the_last_published_day(
    run: PipelineRun, database: Database, wire: list[Wire]
) -> None:
    put(database, *wire)
    assert evaluate_signals(run) == []
    through(run, list(DayRange(FIRST, FIRST + timedelta(days=2))))
    assert [evaluation.as_of for evaluation in evaluate_signals(run)] == list(
        DayRange(FIRST, FIRST + timedelta(days=2))
    )


def test_a_lesson_that_breaks_in_the_afternoon_is_found_in_the_published_views_and_resolves_when_mended(
    run: PipelineRun, database: Database
) -> None:
    wire = [
        view(f"u{day}-{seat}", day, lesson, hour=9 + seat)
        for day in range(14)
        for seat in range(12)
        for lesson in range(4)
    ]
    breaks, mended = instant(6, 14), instant(11, 0)
    put(database, *[e for e in wire if e["lessonIdx"] != 2 or not breaks <= e["createdAt"] < mended])
    through(run, list(DayRange(FIRST, LAST)))
    evaluate_signals_to(run, LAST)
    (signal,) = (row for row in signals_of(database) if row["rule"] == "silent_emitter")
    assert signal["lesson_idx"] == 2
    evidence = signal["evidence"]
    assert (evidence["silent_since_day"], evidence["silent_since_hour"]) == ("2024-03-07", 14)
    # Seven more learners of that day, and the twelve of each day since, were in the lesson before.
    days_since = (signal["last_seen_at"] - date(2024, 3, 7)).days
    assert evidence["before_learners_since"] == 7 + 12 * days_since
    assert date(2024, 3, 7) < signal["opened_at"] < signal["resolved_at"] == date(2024, 3, 12)


def test_a_run_that_lost_its_turn_writes_no_signal(
    run: PipelineRun, database: Database, wire: list[Wire]
) -> None:
    put(database, *wire)
    through(run, list(DayRange(FIRST, LAST)))
    with run.connection.transaction():
        run.connection.execute("UPDATE analytics.turn SET epoch = epoch + 1")
    with pytest.raises(TurnLostError):
        evaluate_signals_to(run, LAST)
    assert not signals_of(database)


def test_days_are_pending_from_the_day_after_the_last_evaluated_one() -> None:
    first, as_of = date(2024, 1, 1), date(2024, 1, 10)
    assert pending_days(first, None, as_of) == list(DayRange(first, as_of))
    assert pending_days(first, date(2024, 1, 8), as_of) == [date(2024, 1, 9), as_of]
    assert pending_days(first, as_of, as_of) == []
    assert pending_days(first, date(2024, 1, 12), as_of) == []


def test_a_long_past_is_caught_up_only_for_its_latest_days() -> None:
    pending = pending_days(date(2020, 1, 1), None, date(2024, 1, 10))
    assert len(pending) == MOST_DAYS
    assert pending[-1] == date(2024, 1, 10)
