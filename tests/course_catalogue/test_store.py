"""What becomes of a stored catalogue when its source says something new, or nothing that makes sense."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from analytics_pipeline.course_catalogue.refresh import Refresh, refresh_catalogue
from analytics_pipeline.course_catalogue.store import Changes, catalogue_windows, read_required_lessons
from analytics_pipeline.database.turn import TurnLostError
from analytics_pipeline.run import PipelineRun
from tests.conftest import Database

Write = Callable[[str, str | bytes], dict[str, Any]]

HEAD = "course_id,course_title,funnel_window_days,lesson_idx,lesson_title,required\n"
TWO_COURSES = f"{HEAD}a,A,270,0,Sets,true\na,A,270,1,Groups,true\nb,B,,0,Lines,false\n"


def refreshed(run: PipelineRun, changes: dict[str, Any], run_id: str = "the-run") -> Refresh:
    settings = run.settings.model_copy(update=changes)
    turn = replace(run.turn, run_id=run_id)
    return refresh_catalogue(replace(run, settings=settings, turn=turn))


def stored(database: Database, table: str) -> list[tuple[Any, ...]]:
    with database.connect("admin") as admin:
        return admin.execute(f"TABLE analytics.{table} ORDER BY 1, 2".encode()).fetchall()


def test_what_the_source_says_is_stored_with_its_run(
    run: PipelineRun, database: Database, write: Write
) -> None:
    refresh = refreshed(run, write("c.csv", TWO_COURSES))
    assert (refresh.courses, refresh.lessons, refresh.changes) == (2, 3, Changes(removed=0, added=5))
    assert [row[:3] for row in stored(database, "course")] == [("a", "A", 270), ("b", "B", None)]
    assert [row[:4] for row in stored(database, "course_lesson")] == [
        ("a", 0, "Sets", True),
        ("a", 1, "Groups", True),
        ("b", 0, "Lines", False),
    ]
    assert {row[-1] for row in stored(database, "course_lesson")} == {"the-run"}
    assert catalogue_windows(run.connection) == {"a": 270}
    assert read_required_lessons(run.connection) == [("a", 0), ("a", 1)]


def test_only_rows_that_changed_get_a_new_run(run: PipelineRun, database: Database, write: Write) -> None:
    refreshed(run, write("c.csv", TWO_COURSES))
    assert refreshed(run, write("c.csv", TWO_COURSES), "again").changes == Changes(0, 0)
    changed = TWO_COURSES.replace("b,B,,0,Lines,false\n", "").replace("Groups", "Rings")
    assert refreshed(run, write("c.csv", changed), "later").changes == Changes(removed=3, added=1)
    assert [(row[0], row[-1]) for row in stored(database, "course")] == [("a", "the-run")]
    assert [(*row[:3], row[-1]) for row in stored(database, "course_lesson")] == [
        ("a", 0, "Sets", "the-run"),
        ("a", 1, "Rings", "later"),
    ]


def test_without_a_source_nothing_is_touched(run: PipelineRun, database: Database, write: Write) -> None:
    refreshed(run, write("c.csv", TWO_COURSES))
    assert refreshed(run, {}) == Refresh(None)
    assert len(stored(database, "course")) == 2


@pytest.mark.parametrize("broken", ["", "nonsense", f"{TWO_COURSES}c,C,many,,,\n"])
def test_a_broken_source_keeps_all_of_the_old_catalogue_and_says_why(
    run: PipelineRun, database: Database, write: Write, broken: str
) -> None:
    refreshed(run, write("c.csv", TWO_COURSES))
    before = stored(database, "course"), stored(database, "course_lesson")
    refresh = refreshed(run, write("c.csv", broken))
    assert "c.csv" in str(refresh.problem)
    assert (stored(database, "course"), stored(database, "course_lesson")) == before


def test_a_run_that_lost_its_turn_changes_nothing(run: PipelineRun, database: Database, write: Write) -> None:
    stale = replace(run, turn=replace(run.turn, epoch=run.turn.epoch - 1))
    with pytest.raises(TurnLostError):
        refreshed(stale, write("c.csv", TWO_COURSES))
    assert stored(database, "course") == []
