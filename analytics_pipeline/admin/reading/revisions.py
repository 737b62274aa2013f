"""Published numbers that changed after their day was complete."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Text, and_, select, true
from sqlalchemy.sql.elements import ColumnElement

from analytics_pipeline.admin.answers.base import Answer, Provenance
from analytics_pipeline.admin.answers.ranges import ALL_DAYS, EVER, Asked
from analytics_pipeline.admin.reading.cursors import decode_cursor, encode_cursor
from analytics_pipeline.admin.reading.provenance import provenance_of
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.database.tables import PERSONS, metadata, metric_revision
from analytics_pipeline.days import day_start

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
    course = metric_revision.c.key.op("->>", return_type=Text)("course_id")
    wanted = [view.allows(course), _changed_within(view, asked)]
    if course_id is not None:
        wanted.append(course == course_id)
    if table is not None:
        wanted.append(metric_revision.c.table_name == table)
    if cursor is not None:
        wanted.append(metric_revision.c.id < decode_cursor(cursor, int)[0])
    page = select(metric_revision).where(*wanted).order_by(metric_revision.c.id.desc()).limit(limit + 1)
    rows = view.connection.execute(page).mappings().all()
    return RevisionsAnswer(
        revisions=[_line(dict(row), view.rules.min_cell) for row in rows[:limit]],
        next_cursor=encode_cursor(rows[limit - 1]["id"]) if len(rows) > limit else None,
        provenance=provenance_of(view),
    )


def _changed_within(view: View, asked: Asked) -> ColumnElement[bool]:
    days = asked.within(EVER, view.complete_through)
    if days is None or days == EVER:
        return true()
    at = metric_revision.c.changed_at
    ends = []
    if days.first != EVER.first:
        ends.append(at >= day_start(days.first, view.rules.zone))
    if days.last != EVER.last:
        ends.append(at < day_start(days.last + timedelta(days=1), view.rules.zone))
    return and_(*ends)


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
