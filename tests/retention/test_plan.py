"""Which days may go: decided from plain values."""

from datetime import date, timedelta

import pytest

from analytics_pipeline.lake.catalogue import LakeDay
from analytics_pipeline.retention.plan import Horizons, horizons, plan_pruning
from analytics_pipeline.settings import Settings

FIRST = date(2024, 3, 1)
HORIZONS = Horizons(raw_before=FIRST + timedelta(days=6), learners_before=FIRST + timedelta(days=3))


def row(number: int, *, published: int | None = 1, learners: int | None = 1, pruned: bool = False) -> LakeDay:
    day = FIRST + timedelta(days=number)
    return LakeDay(day, 1, ["file"], 10, 100, 0, ["learners"], learners, published, pruned)


def numbers(rows: list[LakeDay]) -> list[int]:
    return [(each.day - FIRST).days for each in rows]


def test_raw_days_go_before_learner_days_do() -> None:
    plan = plan_pruning([row(number) for number in range(9)], set(), HORIZONS)
    assert (numbers(plan.raw), numbers(plan.learners)) == ([0, 1, 2, 3, 4, 5], [0, 1, 2])
    assert (plan.events, plan.bytes, plan.held_back) == (60, 600, None)


def test_what_was_pruned_before_only_loses_its_learner_days() -> None:
    plan = plan_pruning([row(number, pruned=number < 5) for number in range(9)], set(), HORIZONS)
    assert (numbers(plan.raw), numbers(plan.learners)) == ([5], [0, 1, 2])


@pytest.mark.parametrize(
    ("second", "unsealed", "reason"),
    [
        (row(1, published=None), set(), "2024-03-02 is not published as it was sealed"),
        (row(1, published=0), set(), "2024-03-02 is not published as it was sealed"),
        (row(1, learners=0), set(), "2024-03-02 is not published as it was sealed"),
        (row(1), {FIRST + timedelta(days=1)}, "2024-03-02 has events in the inbox"),
        (row(2), set(), "2024-03-02 was never sealed"),
    ],
)
def test_a_day_that_is_not_reconciled_keeps_itself_and_all_younger_ones(
    second: LakeDay, unsealed: set[date], reason: str
) -> None:
    plan = plan_pruning([row(0), second, row(3)], unsealed, HORIZONS)
    assert numbers(plan.raw) == [0]
    assert plan.held_back == f"{reason}, so it and what comes after it are kept"


def test_without_retention_everything_is_kept_for_ever() -> None:
    assert horizons(Settings(), FIRST, FIRST) is None


def test_before_anything_is_published_nothing_goes() -> None:
    assert horizons(Settings(retention_days=3), FIRST, None) is None


def test_learner_days_stay_until_the_longest_window_is_over() -> None:
    today = date(2024, 12, 31)
    settings = Settings(retention_days=30, funnel_window_days=90, funnel_windows={"long": 270})
    found = horizons(settings, today, today - timedelta(days=1))
    assert found == Horizons(today - timedelta(days=30), today - timedelta(days=270))
    behind = horizons(settings, today, today - timedelta(days=11))
    assert behind == Horizons(today - timedelta(days=30), today - timedelta(days=280))


def test_a_retention_longer_than_every_window_holds_for_both() -> None:
    today = date(2024, 12, 31)
    found = horizons(Settings(retention_days=200), today, today - timedelta(days=1))
    assert found == Horizons(today - timedelta(days=200), today - timedelta(days=200))
