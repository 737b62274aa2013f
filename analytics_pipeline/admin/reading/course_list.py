"""The queries behind the list of courses, each built once for every shape that the list may have."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Integer, Numeric, Text, bindparam, case, func, literal, or_, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import Select, Subquery

from analytics_pipeline.admin.answers.courses import CourseOrder
from analytics_pipeline.admin.reading.course_sums import ALL, sums_of_courses
from analytics_pipeline.admin.reading.view import allowed
from analytics_pipeline.database.tables import course, course_window, signal

LARGEST = 2**62
"""Beyond every sort key, so that cursors fit a bigint."""


@dataclass(frozen=True)
class ListShape:
    """What decides how a query reads; everything else is a value of its parameters."""

    published: bool
    is_restricted: bool
    is_search: bool
    sort: CourseOrder
    continues: bool


@cache
def published_days(*, is_restricted: bool) -> Select[Any]:
    """First and last day of all courses that may be seen; null where there is none."""
    seen = allowed(course_window.c.course_id, is_restricted=is_restricted)
    first, last = func.min(course_window.c.first_day), func.max(course_window.c.last_day)
    return select(first.label("first"), last.label("last")).where(course_window.c.window_days == ALL, seen)


@cache
def number_of_courses(*, is_restricted: bool, is_search: bool) -> Select[Any]:
    """How many courses match."""
    name = course_window.c.course_id
    wanted = (course_window.c.window_days == ALL, *_matches(name, is_restricted, is_search))
    return select(func.count().label("courses")).select_from(course_window).where(*wanted)


@cache
def main_currency(shape: ListShape) -> Select[Any]:
    """The currency in which most orders of the matching courses were placed."""
    sums = _sums(shape)

    def orders(column: ColumnElement[Any], sign: int) -> Select[Any]:
        entry = func.jsonb_each(column).table_valued("key", "value").lateral()
        count = entry.c.value.op("->>")("orders").cast(Numeric) * sign
        joined = sums.join(entry, literal(value=True))
        return select(entry.c.key.label("currency"), count.label("orders")).select_from(joined)

    both = orders(sums.c.revenue, 1).union_all(orders(sums.c.revenue_before, -1)).subquery()
    total = func.sum(both.c.orders)
    return select(both.c.currency).group_by(both.c.currency).order_by(total.desc(), both.c.currency).limit(1)


@cache
def course_page(shape: ListShape) -> Select[Any]:
    """The page of courses after the key `after_0`, `after_1` and so on, with titles and open signals."""
    sums = _sums(shape)
    ranks = _ranks(sums, shape.sort)
    key = tuple_(*ranks, sums.c.course_id)
    limit: ColumnElement[int] = bindparam("limit", type_=Integer)
    found = select(sums, *ranks).order_by(*key.clauses).limit(limit)
    if shape.continues:
        types = [*[BigInteger] * len(ranks), Text]
        found = found.where(
            key > tuple_(*(bindparam(f"after_{n}", type_=kind) for n, kind in enumerate(types)))
        )
    page = found.subquery("page")
    money = (page.c[name].cast(Text).label(name) for name in ("revenue", "revenue_before"))
    kept = (column for column in page.c if not column.name.startswith("revenue"))
    return (
        select(
            *kept,
            *money,
            _open_signals(page.c.course_id).label("open_signals"),
            course.c.title.label("course_title"),
        )
        .outerjoin(course, course.c.course_id == page.c.course_id)
        .order_by(*(page.c[rank.name] for rank in ranks), page.c.course_id)
    )


def _sums(shape: ListShape) -> Subquery:
    """The sums of the courses that match; where they are sorted by signals, with the number of open ones."""
    sums = sums_of_courses(published=shape.published)
    query = sums.where(*_matches(course_window.c.course_id, shape.is_restricted, shape.is_search))
    if shape.sort != "attention":
        return query.subquery("sums")
    if shape.is_search:
        # Few courses match as a rule, and what they have open is quicker found one by one.
        return query.add_columns(_open_signals(course_window.c.course_id).label("signals")).subquery("sums")
    opened = (
        select(signal.c.course_id, func.count().label("signals"))
        .where(signal.c.resolved_at.is_(None))
        .group_by(signal.c.course_id)
        .subquery("opened")
    )
    counted = query.subquery("counted")
    return (
        select(counted, func.coalesce(opened.c.signals, 0).label("signals"))
        .outerjoin(opened, opened.c.course_id == counted.c.course_id)
        .subquery("sums")
    )


def _open_signals(course_id: ColumnElement[str]) -> ColumnElement[int]:
    """How many signals of the course are open."""
    opened = select(func.count()).where(signal.c.course_id == course_id, signal.c.resolved_at.is_(None))
    return opened.scalar_subquery()


def _matches(
    course_id: ColumnElement[str], is_restricted: bool, is_search: bool
) -> Sequence[ColumnElement[bool]]:
    """Whether the course may be seen, and its id or title holds the text `search`."""
    seen = allowed(course_id, is_restricted=is_restricted)
    if not is_search:
        return [seen]
    text: ColumnElement[str] = bindparam("search", type_=Text)
    titled = select(course.c.course_id).where(course.c.title.icontains(text, escape="/"))
    return [seen, or_(course_id.icontains(text, escape="/"), course_id.in_(titled))]


def _ranks(sums: Subquery, sort: CourseOrder) -> Sequence[ColumnElement[Any]]:
    """What the list is sorted by, each ascending.

    A hidden number must not come to light through the order of the list or through its cursor.
    """
    min_cell: ColumnElement[int] = bindparam("min_cell", type_=Integer)
    learners = case((sums.c.learners >= min_cell, -sums.c.learners), else_=0).label("by_learners")
    if sort == "learners":
        return [learners]
    if sort == "attention":
        return [(-sums.c.signals).label("by_signals"), learners]
    if sort == "completion":
        share = sums.c.mature_completed * 1_000_000 // func.nullif(sums.c.mature, 0)
        shown = (sums.c.mature >= min_cell, share)
        return [case(shown, else_=LARGEST).cast(BigInteger).label("by_completion"), learners]
    orders, net = (_money(sums, name) for name in ("orders", "net"))
    ten_thousandths = func.least(net * 10_000, LARGEST - 1).cast(BigInteger)
    rank = case((orders >= min_cell, -ten_thousandths), else_=LARGEST).cast(BigInteger)
    return [rank.label("by_revenue"), learners]


def _money(sums: Subquery, name: str) -> ColumnElement[Any]:
    """A sum of money, or the number of orders, in the currency `currency`."""

    def of(column: ColumnElement[Any]) -> ColumnElement[Any]:
        sums_of_currency = column.op("->", return_type=JSONB)(bindparam("currency", type_=Text))
        return func.coalesce(sums_of_currency.op("->>", return_type=Text)(name).cast(Numeric), 0)

    return of(sums.c.revenue) - of(sums.c.revenue_before)
