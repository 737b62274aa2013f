"""Who follows a how-to page step by step arrives: each is taken on a copy of the repository."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Database
from tests.docs.steps import Copy
from tests.metrics.nights import put


@pytest.fixture
def copy(database: Database, tmp_path: Path) -> Copy:
    return Copy(tmp_path / "copy", database.settings.as_environment())


def event(number: int, kind: str, learner: str, **about: Any) -> dict[str, Any]:
    return {
        "id": f"e{number}",
        "eventType": kind,
        "userId": learner,
        "courseId": "algebra",
        "lessonIdx": None if kind == "enroll" else 0,
        "metadata": about,
        "createdAt": f"2026-03-02T10:{number:02}:00+00:00",
    }


def test_a_metric_is_added_by_its_page(database: Database, copy: Copy) -> None:
    learners = ("ann", "ann", "bob", "bob", "eve")
    quizzes = ("q1", "q1", "q1", "q2", "q1")
    tries = zip(learners, quizzes, strict=True)
    put(database, *(event(n, "quiz_attempted", who, quizId=quiz) for n, (who, quiz) in enumerate(tries)))
    (row,) = csv.DictReader(io.StringIO(copy.follow("add-a-metric.md")))
    assert row == {"day": "2026-03-02", "lesson_idx": "0", "quiz_attempters": "3", "quiz_retakers": "1"}
    for page in ("tables.md", "metrics.md"):
        assert "quiz_retakers" in (copy.folder / "docs" / "reference" / page).read_text()


def test_a_signal_is_added_by_its_page(copy: Copy) -> None:
    assert "ANALYTICS_SIGNAL_ENROLMENT" in copy.follow("add-a-signal.md")


def test_an_event_type_is_added_by_its_page(database: Database, copy: Copy) -> None:
    put(database, event(1, "enroll", "ann"), event(2, "note_taken", "ann"))
    rows = csv.DictReader(io.StringIO(copy.follow("add-an-event-type.md")))
    assert {row["event_type"]: row["events"] for row in rows} == {"enroll": "1", "note_taken": "1"}
