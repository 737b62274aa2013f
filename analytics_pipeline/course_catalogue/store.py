"""The catalogue as the database keeps it, in `analytics.course` and `analytics.course_lesson`."""

from dataclasses import dataclass

from psycopg import Connection

from analytics_pipeline.course_catalogue.entries import Catalogue
from analytics_pipeline.run import PipelineRun

_LOAD = """
    CREATE TEMPORARY TABLE new_course ON COMMIT DROP AS
        SELECT course_id, title, funnel_window_days FROM analytics.course WITH NO DATA;
    CREATE TEMPORARY TABLE new_course_lesson ON COMMIT DROP AS
        SELECT course_id, lesson_idx, title, required FROM analytics.course_lesson WITH NO DATA;
"""
_REMOVE_COURSES = """
    DELETE FROM analytics.course AS o WHERE NOT EXISTS (
        SELECT FROM new_course AS n
         WHERE ROW(n.course_id, n.title, n.funnel_window_days)
               IS NOT DISTINCT FROM ROW(o.course_id, o.title, o.funnel_window_days))
"""
_ADD_COURSES = """
    INSERT INTO analytics.course (course_id, title, funnel_window_days, computed_at, run_id)
    SELECT course_id, title, funnel_window_days, now(), %s FROM new_course
    ON CONFLICT (course_id) DO NOTHING
"""
_REMOVE_LESSONS = """
    DELETE FROM analytics.course_lesson AS o WHERE NOT EXISTS (
        SELECT FROM new_course_lesson AS n
         WHERE ROW(n.course_id, n.lesson_idx, n.title, n.required)
               IS NOT DISTINCT FROM ROW(o.course_id, o.lesson_idx, o.title, o.required))
"""
_ADD_LESSONS = """
    INSERT INTO analytics.course_lesson (course_id, lesson_idx, title, required, computed_at, run_id)
    SELECT course_id, lesson_idx, title, required, now(), %s FROM new_course_lesson
    ON CONFLICT (course_id, lesson_idx) DO NOTHING
"""
_WINDOWS = "SELECT course_id, funnel_window_days FROM analytics.course WHERE funnel_window_days IS NOT NULL"
_REQUIRED = "SELECT course_id, lesson_idx FROM analytics.course_lesson WHERE required ORDER BY 1, 2"


@dataclass(frozen=True)
class Changes:
    """Rows of courses and lessons that went and that came; one that changed is in both."""

    removed: int
    added: int


def store_catalogue(run: PipelineRun, catalogue: Catalogue) -> Changes:
    """Make the tables hold exactly this catalogue, in one commit; rows that stay the same are not touched.

    Idempotent. Raises TurnLostError; the old catalogue stands then.
    """
    with run.connection.transaction():
        run.turn.check(run.connection)
        _load(run.connection, catalogue)
        removed = [run.connection.execute(each).rowcount for each in (_REMOVE_COURSES, _REMOVE_LESSONS)]
        added = [run.connection.execute(each, [run.run_id]).rowcount for each in (_ADD_COURSES, _ADD_LESSONS)]
    return Changes(sum(removed), sum(added))


def catalogue_windows(connection: Connection) -> dict[str, int]:
    """Days of the funnel window of each course to which the catalogue gives one."""
    return dict(connection.execute(_WINDOWS).fetchall())


def read_required_lessons(connection: Connection) -> list[tuple[str, int]]:
    """Course and number of each lesson that is required, in this order."""
    return connection.execute(_REQUIRED).fetchall()


def _load(connection: Connection, catalogue: Catalogue) -> None:
    connection.execute(_LOAD)
    with connection.cursor() as cursor:
        with cursor.copy("COPY new_course FROM STDIN") as copy:
            for course_id, course in catalogue.courses.items():
                copy.write_row((course_id, course.title, course.funnel_window_days))
        with cursor.copy("COPY new_course_lesson FROM STDIN") as copy:
            for (course_id, lesson_idx), lesson in catalogue.lessons.items():
                copy.write_row((course_id, lesson_idx, lesson.title, lesson.required))
    connection.execute("ANALYZE new_course; ANALYZE new_course_lesson")
