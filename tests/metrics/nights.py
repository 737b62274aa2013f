"""Nights as they are run: a stream is put into the inbox, sealed and published, and the tables are read."""

from collections.abc import Callable, Sequence
from datetime import date

from psycopg.rows import dict_row

from analytics_pipeline.lake.learner_days import build_learner_days
from analytics_pipeline.lake.seal import seal_days
from analytics_pipeline.metrics.cohorts import publish_cohorts_as_of
from analytics_pipeline.metrics.publication import DailyPublication, publish_daily
from analytics_pipeline.run import PipelineRun
from tests.conftest import Database
from tests.inbox import deliver
from tests.metrics.oracle import Rows, Wire

DAY = date(2024, 3, 1)
UNPUBLISHED = {"id", "computed_at", "run_id"}


CLEAR = """
    TRUNCATE ingest.inbox, ingest.quarantine, analytics.lake_day, analytics.duplicate_count,
             analytics.event_day, analytics.lesson_daily, analytics.course_daily, analytics.lesson_cohort,
             analytics.quiz_cohort, analytics.course_funnel, analytics.course_refund, analytics.signal,
             analytics.signal_evaluation, analytics.metric_revision, analytics.cohort_publication,
             analytics.course, analytics.course_lesson, analytics.course_week, analytics.course_window,
             analytics.publication_failure, analytics.erasure, analytics.tombstone;
    UPDATE analytics.site SET timezone = 'UTC';
"""


def clear(database: Database) -> None:
    """Forget every event and every number."""
    with database.connect("owner") as owner:
        owner.execute(CLEAR)


def event(
    number: int, kind: str = "lesson_viewed", *, day: date = DAY, minute: int = 0, **more: object
) -> Wire:
    """An event of a learner as a client sends it; what is not named is of the first lesson of a course."""
    plain = {
        "id": f"e{number}",
        "eventType": kind,
        "userId": "u1",
        "courseId": "c1",
        "lessonIdx": 0,
        "metadata": {},
        "createdAt": f"{day}T{minute // 60:02}:{minute % 60:02}:00+00:00",
    }
    return {**plain, **more}


def put(database: Database, *wire: Wire) -> None:
    """Put one batch into the inbox as the role that may."""
    with database.connect("ingest") as connection:
        deliver(connection, wire, database.settings)


def through(
    run: PipelineRun, days: Sequence[date], report: Callable[[str], None] = lambda _: None
) -> DailyPublication:
    """Take these days from the inbox into the daily tables."""
    sealed = seal_days(run, days, report)
    built = build_learner_days(run, days, report)
    published = publish_daily(run, days, report)
    assert not sealed.failures | built.failures
    return published


def night(run: PipelineRun, days: Sequence[date], as_of: date) -> None:
    """Take these days through, then publish the cohort tables as of a day."""
    published = through(run, days)
    assert not published.failures
    assert all(check.passed for check in published.checks.values())
    publish_cohorts_as_of(run, as_of)


def published(database: Database, table: str) -> Rows:
    """The rows of a published table, without what says when and by whom they were published."""
    with database.connect("admin") as connection, connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(f"SELECT * FROM analytics.{table}").fetchall()  # noqa: S608  # a name of ours
    return [{name: value for name, value in row.items() if name not in UNPUBLISHED} for row in rows]
