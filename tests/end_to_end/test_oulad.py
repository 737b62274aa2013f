"""Real activity of the Open University: in through HTTP, out as numbers, against a count of the raw files."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.end_to_end import raw_oulad
from tests.end_to_end.system import System, running_system

MODULES = ("AAA", "GGG")
FIRST_DAY = date(2012, 1, 1)
# Minutes on a machine that is busy with other things.
pytestmark = pytest.mark.timeout(900)

TABLES = ("lesson_daily", "course_daily", "lesson_cohort", "quiz_cohort", "course_funnel", "signal")
COURSE_DAILY = """
    SELECT course_id, day, learners, views, quiz_attempts, quiz_passes, enrolments, completions
      FROM analytics.course_daily
"""
LESSON_DAILY = "SELECT course_id, lesson_idx, day, views, viewers FROM analytics.lesson_daily"
STATED = """
    SELECT course_id, sum(enrolments)::bigint, sum(completions)::bigint, sum(views)::bigint
      FROM analytics.course_daily GROUP BY course_id ORDER BY course_id
"""


@pytest.fixture(scope="module")
def events(test_data: Path) -> pd.DataFrame:
    return raw_oulad.RawFiles(test_data / "oulad", MODULES).events()


@pytest.fixture(scope="module")
def system(
    test_data: Path, events: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("oulad"), FIRST_DAY) as system:
        import_and_run(system, test_data, MODULES, events["day"])
        yield system


def import_and_run(system: System, test_data: Path, modules: Sequence[str], days: "pd.Series[Any]") -> None:
    chosen = [word for module in modules for word in ("--module", module)]
    system.do("import", str(test_data / "oulad"), "--format", "oulad", *chosen)
    system.do("run", "--from", str(days.min()), "--to", str(days.max()))


def published(system: System, query: str) -> list[tuple[object, ...]]:
    with system.connect() as connection:
        return connection.execute(query).fetchall()


def test_the_sums_are_those_that_the_data_set_is_known_for(system: System) -> None:
    stated = published(system, STATED)
    assert [row[:3] for row in stated] == [
        ("AAA-2013J", 383, 278),
        ("AAA-2014J", 365, 253),
        ("GGG-2013J", 952, 592),
        ("GGG-2014B", 833, 478),
        ("GGG-2014J", 749, 444),
    ]
    assert stated[0][3] == 180_982


def test_every_day_of_every_course_is_as_counted_from_the_raw_files(
    system: System, events: pd.DataFrame
) -> None:
    rows = published(system, COURSE_DAILY)
    assert set(rows) == raw_oulad.course_daily(events)
    assert len(rows) == len(set(rows))


def test_every_day_of_every_lesson_is_as_counted_from_the_raw_files(
    system: System, events: pd.DataFrame
) -> None:
    assert {row for row in published(system, LESSON_DAILY) if row[3]} == raw_oulad.lesson_daily(events)


def test_importing_again_and_running_again_changes_no_number(
    system: System, test_data: Path, events: pd.DataFrame
) -> None:
    before = {table: system.rows(table) for table in TABLES}
    import_and_run(system, test_data, MODULES[:1], events["day"])
    assert {table: system.rows(table) for table in TABLES} == before
    assert system.number("SELECT count(*) FROM analytics.metric_revision") == 0
