"""Published numbers that changed after their day was complete."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Integer, Select, Text, bindparam, select
from sqlalchemy.sql.elements import ColumnElement

from analytics_pipeline.admin.answers.base import Answer, Provenance
from analytics_pipeline.admin.answers.ranges import ALL_DAYS, EVER, Asked
from analytics_pipeline.admin.reading.cursors import decode_cursor, encode_cursor
from analytics_pipeline.admin.reading.provenance import provenance_of
from analytics_pipeline.admin.reading.view import View, allowed
from analytics_pipeline.database.tables import PERSONS, metadata, metric_revision
from analytics_pipeline.database.tables.columns import INSTANT
from analytics_pipeline.days import day_end, day_start

COUNT_PERSONS = frozenset(
    (table.name, column.name)
    for table in metadata.tables.values()
    for column in table.columns
    if PERSONS in column.info
)
"""Table and metric of what counts learners. One of at least k has a denominator of at least k, whichever that
is; of events or money, a row does not tell how many learners stand behind them."""


class RevisionLine(Answer):
    """One number that changed. Its values are told only where they count learners, and enough of them."""

    table: str
    """Published table."""
    course_id: str | None
    """Course; null where the row names none."""
    key: dict[str, Any]
    """The row: its day or cohort day, its lesson and so on."""
    metric: str
    """Column that changed."""
    old_value: str | None
    """What was published before; null where hidden, and where the row is new."""
    new_value: str | None
    """What is published now; null where hidden, and where the row is gone."""
    hidden: bool
    """True where one of both cannot be shown."""
    cause: str
    """Why it changed."""
    changed_at: datetime
    """When it changed."""
    run_id: str
    """The run that changed it."""


class RevisionsAnswer(Answer):
    """A page of revisions."""

    revisions: list[RevisionLine]
    """The newest first."""
    next_cursor: str | None
    """Where the next page begins; null on the last page."""
    provenance: Provenance
    """Where the numbers come from."""


def read_revisions(
    view: View,
    asked: Asked = ALL_DAYS,
    *,
    course_id: str | None = None,
    table: str | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> RevisionsAnswer:
    """Numbers that changed on those days of the site; WrongCursorError, ForbiddenCourseError."""
    if course_id is not None:
        view.check(course_id)
    days = asked.within(EVER, view.complete_through) or EVER
    values: dict[str, object] = {"course_id": course_id, "table": table, "limit": limit + 1}
    if days.first != EVER.first:
        values["since"] = day_start(days.first, view.rules.zone)
    if days.last != EVER.last:
        values["before"] = day_end(days.last, view.rules.zone)
    if cursor is not None:
        values["after"] = decode_cursor(cursor, int)[0]
    given = frozenset(name for name, value in values.items() if value is not None)
    rows = view.rows(_page(given, is_restricted=view.is_restricted), values)
    return RevisionsAnswer(
        revisions=[_line(row, view.rules.min_cell) for row in rows[:limit]],
        next_cursor=encode_cursor(rows[limit - 1]["id"]) if len(rows) > limit else None,
        provenance=provenance_of(view),
    )


@cache
def _page(given: frozenset[str], *, is_restricted: bool) -> Select[Any]:
    """Changes, the newest first, under the conditions whose values are given."""
    kept = metric_revision.c
    course = kept.key.op("->>", return_type=Text)("course_id")
    conditions = {
        "course_id": course == bindparam("course_id", type_=Text),
        "table": kept.table_name == bindparam("table", type_=Text),
        "since": kept.changed_at >= bindparam("since", type_=INSTANT),
        "before": kept.changed_at < bindparam("before", type_=INSTANT),
        "after": kept.id < bindparam("after", type_=BigInteger),
    }
    wanted = [condition for name, condition in conditions.items() if name in given]
    seen = allowed(course, is_restricted=is_restricted)
    limit: ColumnElement[int] = bindparam("limit", type_=Integer)
    return select(metric_revision).where(seen, *wanted).order_by(kept.id.desc()).limit(limit)


def _line(row: Mapping[str, Any], min_cell: int) -> RevisionLine:
    values = {name: row[name] for name in ("old_value", "new_value")}
    counts_persons = (row["table_name"], row["metric"]) in COUNT_PERSONS
    shown = {
        name: value if counts_persons and value is not None and int(value) >= min_cell else None
        for name, value in values.items()
    }
    kept = ("metric", "cause", "changed_at", "run_id")
    return RevisionLine(
        table=row["table_name"],
        course_id=row["key"].get("course_id"),
        key={name: value for name, value in row["key"].items() if name != "course_id"},
        hidden=shown != values,
        **shown,
        **{name: row[name] for name in kept},
    )
