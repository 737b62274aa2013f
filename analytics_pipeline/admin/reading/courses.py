"""The list of courses: searched, sorted, page by page."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Numeric, Text, and_, case, func, literal, or_, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import Subquery

from analytics_pipeline.admin.answers.base import effective_range
from analytics_pipeline.admin.answers.courses import CourseOrder, CoursesAnswer, course_line
from analytics_pipeline.admin.answers.ranges import ALL_DAYS, EVER, NOTHING, Asked
from analytics_pipeline.admin.answers.ranges import select as select_days
from analytics_pipeline.admin.reading.course_sums import ALL, course_sums
from analytics_pipeline.admin.reading.cursors import WrongCursorError, decode_cursor, encode_cursor
from analytics_pipeline.admin.reading.provenance import provenance_of
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.database.tables import course, course_window
from analytics_pipeline.days import DayRange

LARGEST = 2**62
"""Beyond every sort key, so that cursors fit a bigint."""


def read_courses(
    view: View,
    asked: Asked = ALL_DAYS,
    *,
    search: str = "",
    sort: CourseOrder = "attention",
    currency: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> CoursesAnswer:
    """The page of courses that begins at the cursor; WrongCursorError.

    Without `currency`, money sorts by the one in which most orders were placed.
    """
    published = _published_days(view)
    selection = select_days(asked, published, view.complete_through) if published else NOTHING
    # What could not be published lies on days that no course has yet: a list without ends tells all of it.
    told = asked.within(EVER, view.complete_through or published.last) if published else None
    sums = course_sums(asked, selection.cohort_days)
    matches = view.allows(sums.c.course_id) & _named(sums.c.course_id, search)
    if sort == "revenue" and currency is None:
        currency = _main_currency(view, sums, matches)
    ranks = _ranks(sums, sort, currency or "", view.rules.min_cell)
    key = tuple_(*ranks, sums.c.course_id)
    page = (
        select(sums, course.c.title.label("course_title"), *ranks)
        .outerjoin(course, course.c.course_id == sums.c.course_id)
        .where(matches)
        .order_by(*key.clauses)
        .limit(limit + 1)
    )
    if cursor is not None:
        page = page.where(key > tuple_(*_begin(cursor, sort, len(ranks))))
    rows = view.connection.execute(page).mappings().all()
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        following = encode_cursor(sort, *(last[rank.name] for rank in ranks), last["course_id"])
    return CoursesAnswer(
        range=effective_range(selection),
        sort=sort,
        currency=currency or None,
        courses=[course_line(dict(row), view.rules.min_cell) for row in rows[:limit]],
        next_cursor=following,
        total=_matching(view, search),
        provenance=provenance_of(view, told),
        min_cell=view.rules.min_cell,
    )


def _published_days(view: View) -> DayRange | None:
    """The days of all courses that may be seen; None where there is no course."""
    of_all = course_window.c.window_days == ALL
    columns = (func.min(course_window.c.first_day), func.max(course_window.c.last_day))
    first, last = view.connection.execute(
        select(*columns).where(of_all, view.allows(course_window.c.course_id))
    ).one()
    return None if first is None else DayRange(first, last)


def _matching(view: View, search: str) -> int:
    name = course_window.c.course_id
    wanted = and_(course_window.c.window_days == ALL, view.allows(name), _named(name, search))
    return view.connection.scalar(select(func.count()).select_from(course_window).where(wanted)) or 0


def _named(course_id: ColumnElement[str], search: str) -> ColumnElement[bool]:
    """Whether the course's id or title holds the text."""
    titled = select(course.c.course_id).where(course.c.title.icontains(search, autoescape=True))
    return or_(course_id.icontains(search, autoescape=True), course_id.in_(titled))


def _main_currency(view: View, sums: Subquery, matches: ColumnElement[bool]) -> str | None:
    entry = func.jsonb_each(sums.c.revenue).table_valued("key", "value").lateral()
    orders = func.sum(entry.c.value.op("->>")("orders").cast(Numeric))
    query = select(entry.c.key).select_from(sums).join(entry, literal(value=True)).where(matches)
    return view.connection.scalar(query.group_by(entry.c.key).order_by(orders.desc(), entry.c.key).limit(1))


def _ranks(sums: Subquery, sort: CourseOrder, currency: str, min_cell: int) -> Sequence[ColumnElement[Any]]:
    """What the list is sorted by, each ascending.

    A hidden number must not come to light through the order of the list or through its cursor.
    """
    learners = case((sums.c.learners >= min_cell, -sums.c.learners), else_=0).label("by_learners")
    if sort == "learners":
        return [learners]
    if sort == "attention":
        return [(-sums.c.open_signals).label("by_signals"), learners]
    if sort == "completion":
        share = sums.c.mature_completed * 1_000_000 // func.nullif(sums.c.mature, 0)
        shown = (sums.c.mature >= max(min_cell, 1), share)
        return [case(shown, else_=LARGEST).cast(BigInteger).label("by_completion"), learners]
    money = sums.c.revenue.op("->", return_type=JSONB)(currency)
    orders, net = (money.op("->>", return_type=Text)(name).cast(Numeric) for name in ("orders", "net"))
    ten_thousandths = func.least(net * 10_000, LARGEST - 1).cast(BigInteger)
    rank = case((orders >= min_cell, -ten_thousandths), else_=LARGEST).cast(BigInteger)
    return [rank.label("by_revenue"), learners]


def _begin(cursor: str, sort: CourseOrder, ranks: int) -> list[int | str]:
    made_for, *key = decode_cursor(cursor, str, *[int] * ranks, str)
    if made_for != sort:
        raise WrongCursorError
    return key
