"""The list of courses, as it is answered."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from analytics_pipeline.admin.answers.base import Answer, EffectiveRange, Provenance
from analytics_pipeline.admin.answers.rates import Rate, count, is_hidden, rate

CourseOrder = Literal["attention", "learners", "completion", "revenue"]


class Revenue(Answer):
    """Money of the orders placed in the cohort days, in one currency."""

    currency: str | None
    """Currency; null where the purchases named none."""
    orders: int
    """Orders."""
    gross: Decimal
    """What was paid."""
    refunded: Decimal
    """What was given back, at most gross."""
    net: Decimal
    """Gross less refunded."""


class CourseLine(Answer):
    """One course of the list; its numbers are those of its own answer over the same range."""

    course_id: str
    """Course."""
    course_title: str | None
    """Its title; null without a catalogue that gives one."""
    open_signals: int
    """Signals about the course, its lessons and quizzes that are open now."""
    learners: int | None
    """Learners whose first lesson activity lies in the cohort days."""
    enrolled: int | None
    """Learners whose first enrolment lies in the cohort days."""
    completion_so_far: Rate
    """Enrolled learners who completed within the window ÷ enrolled: a lower bound while windows are open."""
    completion_mature: Rate
    """The same, of those only whose window is over."""
    revenue: list[Revenue]
    """Money by currency; a currency with too few orders to be shown is left out."""
    first_day: date
    """First day with an event, ever."""
    last_day: date
    """Last day with an event, ever."""


class CoursesAnswer(Answer):
    """A page of the list of courses."""

    range: EffectiveRange
    """The days that the answer rests on."""
    sort: CourseOrder
    """`attention`: most open signals first; `learners`: most first; `completion`: lowest first; `revenue`:
    most first, in `currency`. Ties by learners, then by name; what is hidden or unknown comes last."""
    currency: str | None
    """The currency that `revenue` sorts by; null where the purchases named none."""
    courses: list[CourseLine]
    """In that order."""
    next_cursor: str | None
    """Where the next page begins; null on the last page."""
    total: int
    """Courses that match the search."""
    provenance: Provenance
    """Where the numbers come from."""
    min_cell: int
    """Groups of fewer learners are hidden."""


def course_line(row: Mapping[str, Any], min_cell: int) -> CourseLine:
    """One line from the sums of a course; `revenue` and `revenue_before` are JSON."""
    learners, enrolled = row["learners"], row["enrolled"]
    return CourseLine(
        course_id=row["course_id"],
        course_title=row["course_title"],
        open_signals=row["open_signals"],
        learners=count(learners, learners, min_cell),
        enrolled=count(enrolled, enrolled, min_cell),
        completion_so_far=rate(row["completed"], enrolled, min_cell),
        completion_mature=rate(row["mature_completed"], row["mature"], min_cell),
        revenue=_revenue(_money(row["revenue"]), _money(row["revenue_before"]), min_cell),
        first_day=row["first_day"],
        last_day=row["last_day"],
    )


def _money(text: str) -> dict[str, dict[str, Decimal]]:
    """Sums by name and currency; money is never a float."""
    sums: dict[str, dict[str, Decimal]] = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    return sums


def _revenue(
    until: Mapping[str, Mapping[str, Decimal]], before: Mapping[str, Mapping[str, Decimal]], min_cell: int
) -> list[Revenue]:
    """What was earned meanwhile; a currency with no order then is left out, as is one with too few."""
    lines = []
    for currency, totals in sorted(until.items()):
        earlier = before.get(currency, {})
        sums = {name: total - earlier.get(name, 0) for name, total in totals.items()}
        orders = int(sums.pop("orders"))
        if orders > 0 and not is_hidden(orders, min_cell):
            lines.append(Revenue(currency=currency or None, orders=orders, **sums))
    return lines
