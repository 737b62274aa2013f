"""The list of courses: searched, sorted, page by page."""

from typing import Any

from analytics_pipeline.admin.answers.base import effective_range
from analytics_pipeline.admin.answers.courses import CourseOrder, CoursesAnswer, course_line
from analytics_pipeline.admin.answers.ranges import ALL_DAYS, EVER, NOTHING, Asked, select
from analytics_pipeline.admin.reading.course_list import (
    ListShape,
    course_page,
    main_currency,
    number_of_courses,
    published_days,
)
from analytics_pipeline.admin.reading.course_sums import is_published, sum_values
from analytics_pipeline.admin.reading.cursors import WrongCursorError, decode_cursor, encode_cursor
from analytics_pipeline.admin.reading.provenance import provenance_of
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.days import DayRange

RANKS = {"attention": 2, "learners": 1, "completion": 2, "revenue": 2}
"""How many numbers each order sorts by, before the course's name."""


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
    selection = select(asked, published, view.complete_through) if published else NOTHING
    # What could not be published lies on days that no course has yet: a list without ends tells all of it.
    told = asked.within(EVER, view.complete_through or published.last) if published else None
    shape = ListShape(is_published(asked), view.is_restricted, bool(search), sort, cursor is not None)
    values: dict[str, object] = {
        "search": _escaped(search),
        "min_cell": view.rules.min_cell,
        "limit": limit + 1,
        **sum_values(asked, selection.cohort_days),
    }
    if sort == "revenue" and currency is None:
        currency = next((row["currency"] for row in view.rows(main_currency(shape), values)), None)
    values["currency"] = currency or ""
    if cursor is not None:
        values |= {f"after_{place}": part for place, part in enumerate(_begin(cursor, sort))}
    rows = view.rows(course_page(shape), values)
    return CoursesAnswer(
        range=effective_range(selection),
        sort=sort,
        currency=currency or None,
        courses=[course_line(row, view.rules.min_cell) for row in rows[:limit]],
        next_cursor=_cursor(rows[limit - 1], sort) if len(rows) > limit else None,
        total=len(rows) if cursor is None and len(rows) <= limit else _number(view, search),
        provenance=provenance_of(view, told),
        min_cell=view.rules.min_cell,
    )


def _published_days(view: View) -> DayRange | None:
    """The days of all courses that may be seen; None where there is no course."""
    (ends,) = view.rows(published_days(is_restricted=view.is_restricted), {})
    return None if ends["first"] is None else DayRange(ends["first"], ends["last"])


def _number(view: View, search: str) -> int:
    """How many courses there are on all pages."""
    query = number_of_courses(is_restricted=view.is_restricted, is_search=bool(search))
    (row,) = view.rows(query, {"search": _escaped(search)})
    return int(row["courses"])


def _escaped(search: str) -> str:
    """The text as a pattern that matches nothing but itself."""
    return search.replace("/", "//").replace("%", "/%").replace("_", "/_")


def _cursor(row: dict[str, Any], sort: CourseOrder) -> str:
    ranks = [value for name, value in row.items() if name.startswith("by_")]
    return encode_cursor(sort, *ranks, row["course_id"])


def _begin(cursor: str, sort: CourseOrder) -> list[int | str]:
    made_for, *key = decode_cursor(cursor, str, *[int] * RANKS[sort], str)
    if made_for != sort:
        raise WrongCursorError
    return key
