"""Titles of courses and lessons from the catalogue; where it gives none, people see ids and numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from analytics_pipeline.database.tables import course, course_lesson


@dataclass(frozen=True)
class Titles:
    """The titles of one course: its own, and those of its lessons by number."""

    course: str | None
    lessons: Mapping[int, str]


def read_titles(connection: Connection, course_id: str) -> Titles:
    """What the catalogue calls the course and its lessons."""
    lessons = connection.execute(
        select(course_lesson.c.lesson_idx, course_lesson.c.title).where(
            course_lesson.c.course_id == course_id, course_lesson.c.title.is_not(None)
        )
    )
    title = connection.scalar(select(course.c.title).where(course.c.course_id == course_id))
    return Titles(title, {row.lesson_idx: row.title for row in lessons})
