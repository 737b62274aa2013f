"""`analytics metrics` prints what every number means, from the head of the SQL that computes it."""

from analytics_pipeline.admin.answers.definitions import definitions
from analytics_pipeline.metrics.models import COHORT, DAILY, SUMMARIES
from tests.cli.conftest import Run

PROMISED = {
    "lesson completion rate", "course completion", "completion by content", "average progress",
    "time per lesson", "coverage of time", "drop-off", "first-attempt pass rate", "best-attempt pass rate",
    "failure rate", "conversion so far", "conversion of mature entrants", "refund rate", "events counted",
    "events rejected",
}  # fmt: skip


def test_every_table_and_every_metric_is_defined(analytics: Run) -> None:
    code, output, _ = analytics("metrics")
    assert code == 0
    for model in (*DAILY, *COHORT, *SUMMARIES):
        assert f"{model.name}\n\n{model.definition}\n" in output
    assert {name for model in (*DAILY, *COHORT, *SUMMARIES) for name in model.metrics} > PROMISED


def test_the_api_serves_the_same_text(analytics: Run) -> None:
    _, output, _ = analytics("metrics")
    for table in definitions().definitions:
        assert table.definition in output
        for metric in table.metrics:
            _, one, _ = analytics("metrics", metric.name)
            assert metric.definition in one


def test_one_table_or_one_metric_is_printed_by_its_name(analytics: Run) -> None:
    assert analytics("metrics", "drop-off")[1] == (
        "drop-off (lesson_cohort)\n\n"
        "stopped(L) / (reach(L) - active(L)): a learner who is still active is not lost.\n"
    )
    assert analytics("metrics", "course_refund")[1].startswith(
        "course_refund\n\nOrders and refunds per course"
    )


def test_an_unknown_name_is_answered_with_those_that_there_are(analytics: Run) -> None:
    code, _, errors = analytics("metrics", "fun")
    assert code == 1
    assert errors.startswith("There is no table or metric fun; there are event_day, ")
