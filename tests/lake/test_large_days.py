"""A large day is sealed to several files, each with all events of its learners, and counted file by file."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import pytest

from analytics_pipeline.lake.catalogue import lake_days
from analytics_pipeline.lake.compact import MOST_PARTS
from analytics_pipeline.lake.learner_days import build_learner_days
from analytics_pipeline.lake.seal import seal_days
from analytics_pipeline.run import PipelineRun
from tests.lake.deliveries import FIRST, Delivery, lake_rows

LEARNERS = [*(f"learner-{number}" for number in range(8)), None]
EVENTS = [
    Delivery(f"{number}", 0, second=60 * number, learner=LEARNERS[number % 9], course=f"course-{number % 2}")
    for number in range(54)
]
MANY = 10
"""A day of more events than these is large."""


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analytics_pipeline.engine.parts.PART_ROWS", MANY)


def seal(run: PipelineRun) -> list[str]:
    assert seal_days(run, [FIRST], lambda _: None).failures == {}
    return lake_days(run.connection, [FIRST])[FIRST].files


def learners_of(run: PipelineRun, name: str) -> set[tuple[object, ...]]:
    with run.engine.session() as duck:
        return set(
            duck.from_parquet(run.lake.path(name)).project("course_id, learner_id").distinct().fetchall()
        )


def learner_days(run: PipelineRun) -> list[tuple[object, ...]]:
    assert build_learner_days(run, [FIRST], lambda _: None).failures == {}
    files = lake_days(run.connection, [FIRST])[FIRST].learner_files
    with run.engine.session() as duck:
        return sorted(
            duck.from_parquet(run.lake.paths(files))
            .project("course_id, learner_id, events, views, gap_ms, gap_n")
            .fetchall(),
            key=str,
        )


def counted(*events: Delivery) -> list[tuple[object, ...]]:
    """Views alone, of one lesson: the time to the next one, at most half an hour, in each course."""
    rows: list[tuple[object, ...]] = []
    for course, learner in Counter((event.course, event.learner) for event in events):
        seconds = sorted(
            event.second for event in events if (event.course, event.learner) == (course, learner)
        )
        gaps = [later - sooner for sooner, later in pairwise(seconds)]
        short = [gap for gap in gaps if gap <= 1800 and learner is not None]
        rows.append((course, learner, len(seconds), len(seconds), 1000 * sum(short), len(short)))
    return sorted(rows, key=str)


def test_the_events_of_a_learner_in_a_course_lie_in_one_file(
    run: PipelineRun, put: Callable[..., None]
) -> None:
    put(*EVENTS)
    files = seal(run)
    assert 1 < len(files) <= 6
    learners = [learners_of(run, name) for name in files]
    assert sum(map(len, learners)) == len(set().union(*learners)) == 18
    assert lake_rows(run, [FIRST]) == sorted((event.row(run.settings.zone) for event in EVENTS), key=str)
    row = lake_days(run.connection, [FIRST])[FIRST]
    assert (row.events, row.bytes) == (54, run.lake.size(files))


def test_learner_days_of_a_large_day_are_those_of_a_small_one(
    run: PipelineRun, put: Callable[..., None]
) -> None:
    put(*EVENTS)
    files = seal(run)
    assert learner_days(run) == counted(*EVENTS)
    assert len(lake_days(run.connection, [FIRST])[FIRST].learner_files) == len(files)


def test_a_late_event_meets_the_earlier_ones_of_its_learner(
    run: PipelineRun, put: Callable[..., None]
) -> None:
    put(*EVENTS)
    seal(run)
    late = Delivery("late", 0, second=30, learner="learner-0", course="course-0")
    put(late)
    seal(run)
    assert learner_days(run) == counted(*EVENTS, late)


def test_a_repeated_delivery_of_a_large_day_changes_nothing(
    run: PipelineRun, put: Callable[..., None]
) -> None:
    put(*EVENTS)
    files = seal(run)
    put(*EVENTS)
    assert seal(run) == files
    assert learner_days(run) == counted(*EVENTS)


def test_repeated_events_within_a_large_delivery_are_left_out(
    run: PipelineRun, put: Callable[..., None]
) -> None:
    put(*EVENTS, *EVENTS[:20])
    seal(run)
    assert lake_rows(run, [FIRST]) == sorted((event.row(run.settings.zone) for event in EVENTS), key=str)
    assert learner_days(run) == counted(*EVENTS)


def test_the_files_of_one_seal_count_as_one_until_a_day_is_brought_together(
    run: PipelineRun, put: Callable[..., None]
) -> None:
    put(*EVENTS)
    files = seal(run)
    late = [Delivery(f"late-{number}", 0, second=number) for number in range(MOST_PARTS)]
    for number, event in enumerate(late[:-1], start=1):
        put(event)
        assert len(seal(run)) == len(files) + number
    put(late[-1])
    together = seal(run)
    assert not set(together) & set(files)
    learners = [learners_of(run, name) for name in together]
    assert sum(map(len, learners)) == len(set().union(*learners))
    assert learner_days(run) == counted(*EVENTS, *late)
