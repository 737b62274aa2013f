"""What one person may see of one publication: every reading starts from it."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Text, any_, literal, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import ColumnElement

from analytics_pipeline.admin.reading.publication import Publication
from analytics_pipeline.admin.rules import Rules


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

    def check(self, course_id: str) -> None:
        """ForbiddenCourseError where the course may not be read."""
        if self.courses is not None and course_id not in self.courses:
            raise ForbiddenCourseError(course_id)

    def allows(self, course_id: ColumnElement[str]) -> ColumnElement[bool]:
        """The condition that a query about many courses has to carry."""
        if self.courses is None:
            return true()
        return course_id == any_(literal(sorted(self.courses), ARRAY(Text)))
