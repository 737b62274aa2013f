"""Titles of courses and lessons from the catalogue; where it gives none, people see ids and numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Integer, literal, select, union_all

from analytics_pipeline.admin.reading.queries import COURSE
from analytics_pipeline.database.tables import course, course_lesson


@dataclass(frozen=True)
class Titles:
    """The titles of one course: its own, and those of its lessons by number."""

    course: str | None
    lessons: Mapping[int, str]


_TITLES = union_all(
    select(literal(None, Integer).label("lesson_idx"), course.c.title).where(course.c.course_id == COURSE),
    select(course_lesson.c.lesson_idx, course_lesson.c.title).where(course_lesson.c.course_id == COURSE),
)


def read_titles(connection: Connection, course_id: str) -> Titles:
    """What the catalogue calls the course and its lessons."""
    rows = connection.execute(_TITLES, {"course_id": course_id})
    titles = {row.lesson_idx: row.title for row in rows if row.title is not None}
    return Titles(titles.pop(None, None), titles)
