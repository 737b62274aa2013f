"""What could not be published, as people are told of it: kept until the next success."""

from collections.abc import Mapping
from datetime import date

from psycopg import Connection

from analytics_pipeline.run import PipelineRun

_RECORD = """
    INSERT INTO analytics.publication_failure (day, course_id, message, run_id, failed_at)
    VALUES (%s, %s, %s, %s, now())
    ON CONFLICT (day, course_id) DO UPDATE
       SET message = excluded.message, run_id = excluded.run_id, failed_at = excluded.failed_at
"""


def record_failed_days(run: PipelineRun, failures: Mapping[date, str]) -> None:
    """Keep why each of these days keeps its old numbers; TurnLostError."""
    with run.connection.transaction(), run.connection.cursor() as cursor:
        run.turn.check(run.connection)
        cursor.executemany(_RECORD, [(day, None, text, run.run_id) for day, text in failures.items()])


def forget_failed_days(connection: Connection, days: list[date]) -> None:
    """These days are published; to be called in the transaction that publishes them."""
    connection.execute("DELETE FROM analytics.publication_failure WHERE day = ANY(%s)", [days])


def record_failed_courses(run: PipelineRun, failures: Mapping[str | None, str]) -> None:
    """These courses, and no others, keep their old rows in the cohort tables (None: all); TurnLostError."""
    with run.connection.transaction():
        run.turn.check(run.connection)
        keep_failed_courses(run.connection, run.run_id, failures)


def keep_failed_courses(connection: Connection, run_id: str, failures: Mapping[str | None, str]) -> None:
    """The same, within the transaction that publishes the others."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM analytics.publication_failure WHERE day IS NULL")
        cursor.executemany(_RECORD, [(None, course, text, run_id) for course, text in failures.items()])
