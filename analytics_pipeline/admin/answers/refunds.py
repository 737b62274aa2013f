"""Orders and refunds of a course: money by currency, and how far learners had come who took it back."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from analytics_pipeline.admin.answers.base import Answer
from analytics_pipeline.admin.answers.rates import Rate, count, is_hidden, rate


class CurrencyRefunds(Answer):
    """The orders in one currency. Gross, refunded and net stand apart: a refund makes no sale undone."""

    currency: str | None
    """Currency; null where purchases named none."""
    orders: int | None
    """Orders that were bought in the cohort days."""
    refunded_orders: int | None
    """Those that were refunded, in full or in part."""
    refund_rate: Rate
    """Refunded orders ÷ orders, of those older than the refund window."""
    gross: Decimal | None
    """What was paid."""
    refunded: Decimal | None
    """What was given back."""
    net: Decimal | None
    """Gross less refunded."""
    hidden: bool
    """True where too few orders were made to be shown."""


class LessonReached(Answer):
    """Refunded orders by the highest lesson with activity before the refund."""

    lesson_idx: int | None
    """Lesson, counted from 0; null where the learner had begun none."""
    refunded: Rate
    """Orders refunded there ÷ all refunded orders."""


class Refunds(Answer):
    """Orders and refunds by the day of purchase."""

    currencies: list[CurrencyRefunds]
    """Every currency with an order, the largest number of orders first."""
    lessons: list[LessonReached]
    """How far learners had come before a refund, in order; empty where too few orders were refunded."""
    approximate: bool
    """True where the course sends no refund and orders without an enrolment stand for them."""


def refunds(rows: Iterable[Mapping[str, Any]], min_cell: int) -> Refunds:
    """From sums of `course_refund` by currency, lesson reached and approximate."""
    known = [row for row in rows if row["orders"]]
    by_currency: dict[str | None, list[Mapping[str, Any]]] = {}
    by_lesson: dict[int | None, int] = {}
    for row in known:
        by_currency.setdefault(row["currency"], []).append(row)
        if row["refunded_orders"]:
            lesson = row["last_lesson_idx"]
            by_lesson[lesson] = by_lesson.get(lesson, 0) + row["refunded_orders"]
    approximate = any(row["approximate"] for row in known)
    refunded = sum(by_lesson.values())
    # Where orders without an enrolment stand for refunds, nobody took money back at a lesson.
    is_told = not approximate and refunded >= min_cell
    currencies = [_currency(name, rows, min_cell) for name, rows in by_currency.items()]
    return Refunds(
        currencies=sorted(currencies, key=lambda one: (-(one.orders or 0), one.currency or "")),
        lessons=[
            LessonReached(lesson_idx=lesson, refunded=rate(orders, refunded, min_cell))
            for lesson, orders in sorted(by_lesson.items(), key=lambda item: (item[0] is not None, item[0]))
        ]
        if is_told
        else [],
        approximate=approximate,
    )


def _currency(name: str | None, rows: list[Mapping[str, Any]], min_cell: int) -> CurrencyRefunds:
    def total(column: str) -> Any:
        return sum(row[column] for row in rows)

    orders = total("orders")
    hidden = is_hidden(orders, min_cell)
    return CurrencyRefunds(
        currency=name,
        orders=count(orders, orders, min_cell),
        refunded_orders=count(total("refunded_orders"), orders, min_cell),
        refund_rate=rate(total("mature_refunded_orders"), total("mature_orders"), min_cell),
        gross=None if hidden else total("gross"),
        refunded=None if hidden else total("refunded"),
        net=None if hidden else total("net"),
        hidden=hidden,
    )
