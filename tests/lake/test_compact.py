"""Many small parts become one file; files that nothing names are collected."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics_pipeline.database.turn import Turn, TurnLostError
from analytics_pipeline.lake.catalogue import lake_days
from analytics_pipeline.lake.compact import MOST_PARTS, collect_garbage
from analytics_pipeline.lake.schema import Kind
from analytics_pipeline.lake.seal import seal_days
from analytics_pipeline.run import PipelineRun
from tests.lake.deliveries import FIRST, Delivery, lake_rows


def test_the_ninth_part_brings_a_day_into_one_file_of_the_same_events(
    run: PipelineRun, put: Callable[..., None]
) -> None:
    events = [Delivery(f"{n}", 0, received=n, course=f"course-{n % 3}") for n in range(MOST_PARTS + 1)]
    for number, event in enumerate(events, start=1):
        put(event)
        result = seal_days(run, [FIRST], lambda _: None)
        row = lake_days(run.connection, [FIRST])[FIRST]
        assert result.sealed[FIRST].row == row
        assert (row.version, row.events) == (number, number)
        assert len(row.files) == (number if number <= MOST_PARTS else 1)
        assert row.bytes == run.lake.size(row.files)
    rows = lake_rows(run, [FIRST])
    assert rows == sorted((event.row(run.settings.zone) for event in events), key=str)


def test_only_old_files_that_no_row_names_are_collected(run: PipelineRun, put: Callable[..., None]) -> None:
    put(Delivery("a", 0))
    seal_days(run, [FIRST], lambda _: None)
    (named,) = lake_days(run.connection, [FIRST])[FIRST].files
    old = run.lake.new_name(Kind.LEARNER_DAYS, FIRST, 1)
    young = run.lake.new_name(Kind.EVENTS, FIRST, 1)
    for name in (old, young):
        Path(run.lake.place(name)).touch()
    two_hours_ago = (datetime.now(UTC) - timedelta(hours=2)).timestamp()
    for name in (old, named):
        os.utime(run.lake.path(name), (two_hours_ago, two_hours_ago))
    leftover = run.engine.scratch / "seal-of-a-killed-run"
    leftover.mkdir()
    os.utime(leftover, (two_hours_ago, two_hours_ago))
    with pytest.raises(TurnLostError):
        collect_garbage(replace(run, turn=Turn("a-zombie", run.turn.epoch - 1)))
    assert collect_garbage(run) == [old]
    assert not leftover.exists()
    assert run.lake.written_before(datetime.now(UTC) + timedelta(hours=1)) == sorted([named, young])


def test_an_empty_lake_has_no_garbage(run: PipelineRun) -> None:
    assert collect_garbage(run) == []
