"""Who follows the page step by step arrives."""

import csv
import io

from tests.conftest import Database
from tests.docs.steps import Copy, event
from tests.metrics.nights import put


def test_a_metric_is_added_by_its_page(database: Database, copy: Copy) -> None:
    learners = ("ann", "ann", "bob", "bob", "eve")
    quizzes = ("q1", "q1", "q1", "q2", "q1")
    tries = zip(learners, quizzes, strict=True)
    put(database, *(event(n, "quiz_attempted", who, quizId=quiz) for n, (who, quiz) in enumerate(tries)))
    (row,) = csv.DictReader(io.StringIO(copy.follow("add-a-metric.md")))
    assert row == {"day": "2026-03-02", "lesson_idx": "0", "quiz_attempters": "3", "quiz_retakers": "1"}
    for page in ("tables.md", "metrics.md"):
        assert "quiz_retakers" in (copy.folder / "docs" / "reference" / page).read_text()
