"""What the rules find in published tables is what they find in tables that are counted anew."""

import random
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics_pipeline.metrics.history import cohort_history
from analytics_pipeline.settings import SignalOverride
from analytics_pipeline.signals import evaluate
from analytics_pipeline.signals.evaluate import evaluate_signals_to
from analytics_pipeline.signals.findings import find
from analytics_pipeline.signals.life import Finding
from analytics_pipeline.signals.published import published_tables
from analytics_pipeline.signals.store import lesson_days
from tests.conftest import Database
from tests.course_life import FIRST, life
from tests.inbox import deliver
from tests.metrics.nights import night
from tests.metrics.oracle import Wire
from tests.pipeline_runs import a_run

DAYS = 30
LAST = FIRST + timedelta(days=DAYS - 1)
RULES: dict[str, Any] = {
    "first_day": FIRST,
    "quiet_days": 2,
    "funnel_window_days": 5,
    "refund_window_days": 4,
    "signal_min_learners": 3,
    "signal_window_days": 4,
    "signal_window_learners": 12,
}


def a_busy_platform() -> dict[date, list[Wire]]:
    """Weeks in which lesson 2 of the second course was there in the first week only."""
    chance = random.Random(3)
    stream = life(seed=5, days=DAYS, learners=150, events_a_day=120)
    return {
        day: [
            event
            for event in wire
            if (event["courseId"], event["lessonIdx"]) != ("c2", 2)
            or (day < FIRST + timedelta(days=7) and chance.random() < 0.9)
        ]
        for day, wire in stream.items()
    }


def told(findings: Iterable[Finding]) -> list[str]:
    return sorted(repr(each) for each in findings)


@pytest.mark.parametrize("own", [{}, {"c1": SignalOverride(window_days=9, window_learners=40)}])
def test_rules_find_in_published_rows_what_they_find_in_all_of_them(
    database: Database, tmp_path: Path, own: dict[str, SignalOverride]
) -> None:
    with a_run(database, tmp_path, **RULES, signal_overrides=own) as run:
        for wire in a_busy_platform().values():
            with database.connect("ingest") as connection:
                deliver(connection, wire, run.settings)
        night(run, list(a_busy_platform()), LAST)
        daily = {"lesson_daily": lesson_days(run.connection, FIRST, LAST, LAST)}
        read = published_tables(run.connection, run.settings, LAST)
        with cohort_history(run, LAST, LAST) as tables_as_of:
            counted = tables_as_of(LAST)
            expected = find({**counted, **daily}, run.settings, LAST)
        found = find({**read, **daily}, run.settings, LAST)
    assert told(found) == told(expected)
    assert {each.subject.rule for each in found} >= {
        "high_drop_off_lesson",
        "low_quiz_pass_rate",
        "low_course_completion",
        "high_refund_rate",
    }
    assert len(read["lesson_cohort"]) < len(counted["lesson_cohort"]) / 2


def test_a_night_judges_what_it_has_published_and_counts_nothing_again(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count_again(*_: object) -> None:
        pytest.fail("the past was counted again")

    with a_run(database, tmp_path, **RULES) as run:
        stream = a_busy_platform()
        for day in (FIRST, FIRST + timedelta(days=1)):
            with database.connect("ingest") as connection:
                deliver(connection, stream[day], run.settings)
            night(run, [day], day)
            monkeypatch.setattr(evaluate, "cohort_history", count_again)
            assert [each.as_of for each in evaluate_signals_to(run, day)] == [day]
