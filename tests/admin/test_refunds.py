"""Gross, refunded and net stand apart by currency; progress and finished stand side by side."""

from decimal import Decimal
from typing import Any

from analytics_pipeline.admin.answers.dropoff import LessonCounts
from analytics_pipeline.admin.answers.progress import progress
from analytics_pipeline.admin.answers.refunds import refunds


def orders(
    currency: str | None, lesson: int | None, count: int, refunded: int, **more: Any
) -> dict[str, Any]:
    return {
        "currency": currency,
        "last_lesson_idx": lesson,
        "orders": count,
        "refunded_orders": refunded,
        "mature_orders": count,
        "mature_refunded_orders": refunded,
        "gross": Decimal(10) * count,
        "refunded": Decimal(10) * refunded,
        "net": Decimal(10) * (count - refunded),
        "approximate": False,
        **more,
    }


def test_money_is_never_added_over_currencies() -> None:
    answer = refunds([orders("EUR", None, 20, 0), orders("EUR", 2, 5, 5), orders("USD", None, 7, 0)], 5)
    euros, dollars = answer.currencies
    assert euros.currency == "EUR"
    assert (euros.gross, euros.refunded, euros.net) == (Decimal(250), Decimal(50), Decimal(200))
    assert (euros.refund_rate.numerator, euros.refund_rate.denominator) == (5, 25)
    assert dollars.currency == "USD"
    assert (dollars.gross, dollars.refunded) == (Decimal(70), Decimal(0))
    assert [(one.lesson_idx, one.refunded.numerator) for one in answer.lessons] == [(2, 5)]


def test_few_orders_are_hidden_with_their_money_and_few_refunds_with_their_lesson() -> None:
    answer = refunds([orders("EUR", None, 3, 0), orders("EUR", 1, 1, 1)], 5)
    (euros,) = answer.currencies
    assert euros.hidden
    assert (euros.orders, euros.gross, euros.refunded, euros.net, euros.refund_rate.value) == (None,) * 5
    assert answer.lessons == []


def test_where_no_refund_is_sent_nobody_took_money_back_at_a_lesson() -> None:
    answer = refunds([orders("EUR", None, 30, 9, approximate=True)], 5)
    assert answer.approximate
    assert answer.lessons == []


def lesson(idx: int, completers: int, stopped: int = 0, finished: int = 0) -> LessonCounts:
    return LessonCounts(idx, completers, completers, stopped, 0, finished)


def test_progress_is_the_mean_share_of_lessons_and_finished_a_share_of_the_same_learners() -> None:
    lessons = [lesson(0, completers=10, stopped=5), lesson(1, completers=4, finished=5)]
    answer = progress(lessons, enrolled=12, progress_sum=None, min_cell=5)
    assert answer.average == (10 + 4) / (2 * 10)
    assert (answer.finished.numerator, answer.finished.denominator) == (5, 10)
    required = progress(lessons, enrolled=12, progress_sum=6.0, min_cell=5)
    assert (required.average, required.basis, required.learners) == (0.5, "required lessons", 12)


def test_progress_of_nobody_is_none_and_of_few_is_hidden() -> None:
    nobody = progress([], enrolled=0, progress_sum=None, min_cell=5)
    assert (nobody.average, nobody.hidden) == (None, False)
    few = progress([lesson(0, completers=3, stopped=3)], enrolled=3, progress_sum=None, min_cell=5)
    assert (few.average, few.learners, few.hidden, few.finished.hidden) == (None, None, True, True)
