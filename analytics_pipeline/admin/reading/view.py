"""What one person may see of one publication: every reading starts from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Executable, Text, any_, bindparam, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import ColumnElement

from analytics_pipeline.admin.reading.publication import Publication
from analytics_pipeline.admin.rules import Rules

Row = dict[str, Any]
"""One row by column name."""


class ForbiddenCourseError(Exception):
    """The course is not among those that the person may read; whether it exists is not told."""

    def __init__(self, course_id: str) -> None:
        super().__init__(f"Your access does not cover the course {course_id}; ask whoever gave it to you.")


@dataclass(frozen=True)
class View:
    """One read-only snapshot, how its numbers are shown, and the courses that may be read (None: all)."""

    connection: Connection
    rules: Rules
    courses: frozenset[str] | None
    publication: Publication

    @property
    def complete_through(self) -> date | None:
        """The last complete day of the site."""
        return self.publication.complete_through(self.rules.zone)

    @property
    def is_restricted(self) -> bool:
        """Whether only certain courses may be read."""
        return self.courses is not None

    def check(self, course_id: str) -> None:
        """ForbiddenCourseError where the course may not be read."""
        if self.courses is not None and course_id not in self.courses:
            raise ForbiddenCourseError(course_id)

    def rows(self, query: Executable, values: Mapping[str, object]) -> list[Row]:
        """The rows, by column name, of a query whose conditions `allowed` are those of this view."""
        seen = {} if self.courses is None else {"seen_courses": sorted(self.courses)}
        return rows_of(self.connection, query, **values, **seen)


def rows_of(connection: Connection, query: Executable, **values: object) -> list[Row]:
    """The rows of a query, by column name."""
    result = connection.execute(query, values)
    # To make every row a mapping of SQLAlchemy's first costs more than to read it.
    names = tuple(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result.all()]


def allowed(course_id: ColumnElement[str], *, is_restricted: bool) -> ColumnElement[bool]:
    """The condition that a query about many courses has to carry; a view's `rows` fills it in.

    Queries are built once and not for every answer, since that costs more than to run them.
    """
    return course_id == any_(bindparam("seen_courses", type_=ARRAY(Text))) if is_restricted else true()
