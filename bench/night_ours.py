"""Ours: the night of a day that waits in the inbox of the database that the settings name."""

import tempfile
from collections.abc import Iterable
from datetime import date
from itertools import islice
from pathlib import Path

import psycopg
from psycopg import Connection, sql
from psycopg.rows import dict_row
from sqlalchemy import Table

from analytics_pipeline.database.new_rows import published_columns, published_table
from analytics_pipeline.database.turn import hold_turn
from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.engine import Engine
from analytics_pipeline.lake.chunk import seal_chunk
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.lake.inbox import Inbox, InboxDay
from analytics_pipeline.lake.learner_days import build_learner_days
from analytics_pipeline.metrics.cohorts import publish_cohorts_as_of
from analytics_pipeline.metrics.daily import publish_daily
from analytics_pipeline.metrics.models import COHORT, DAILY
from analytics_pipeline.run import PipelineRun
from analytics_pipeline.settings import Settings, load_settings
from bench.days import DAY
from bench.measuring import Recorder

LINES_A_ROW = 500
_CLEAR = """
    TRUNCATE ingest.inbox, ingest.quarantine, analytics.lake_day, analytics.duplicate_count,
             analytics.event_day, analytics.lesson_daily, analytics.course_daily, analytics.lesson_cohort,
             analytics.quiz_cohort, analytics.course_funnel, analytics.course_refund,
             analytics.metric_revision, analytics.cohort_publication
"""
_COPY = "COPY ingest.inbox (day, received_at, events, payload) FROM STDIN (FORMAT BINARY)"


def fill_inbox(settings: Settings, path: Path) -> None:
    """Leave the events of the file in an inbox that holds nothing else, as the ingest service would."""
    with psycopg.connect(database_urls(settings).owner) as connection:
        connection.execute(_CLEAR)
        now = connection.execute("SELECT now()").fetchall()[0][0]
        with (
            path.open("rb") as lines,
            connection.cursor() as cursor,
            cursor.copy(_COPY) as copy,
        ):
            copy.set_types(["date", "timestamptz", "int4", "bytea"])
            while batch := list(islice(lines, LINES_A_ROW)):
                copy.write_row((DAY, now, len(batch), b"".join(batch)))
    with psycopg.connect(database_urls(settings).owner, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE ingest.inbox")
        connection.execute("CHECKPOINT")


class TimedInbox(Inbox):
    """Says what it takes to empty it: no contender has such a thing, so it is reported apart."""

    recorder: Recorder

    def remove(self, days: Iterable[InboxDay]) -> None:
        """See `Inbox`."""
        with self.recorder.step("empty inbox"):
            super().remove(days)


def main() -> None:
    """Take the day from the inbox to the published tables, step by step, and tell."""
    settings = load_settings()
    url = database_urls(settings).pipeline
    with (
        tempfile.TemporaryDirectory(prefix="night-", dir=settings.home) as folder,
        hold_turn(url, "night", has_ended=lambda _: False, on_wait=print) as turn,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        lake = Lake(f"{folder}/lake")
        run = PipelineRun(connection, lake, Engine(Path(folder) / "scratch", lake.attach), turn, settings)
        recorder = Recorder(beside=[connection.info.backend_pid])
        night(run, recorder, Path(folder))
        recorder.finish()
        recorder.tell({model.name: _published(connection, model.table) for model in (*DAILY, *COHORT)})


def night(run: PipelineRun, recorder: Recorder, folder: Path) -> None:
    """What the assets do, in their order."""
    inbox = TimedInbox(run.connection, folder)
    inbox.recorder = recorder
    with recorder.step("copy out"):
        inbox.days([DAY])
    with recorder.step("seal"):
        sealed = seal_chunk(run, inbox, [DAY])
    recorder.part("seal", "empty inbox")
    with recorder.step("learner days"):
        _refuse(build_learner_days(run, [DAY], _silent).failures)
    with recorder.step("daily tables"):
        _refuse(publish_daily(run, [DAY], _silent).failures)
    with recorder.step("cohort tables"):
        _refuse(publish_cohorts_as_of(run, DAY).failures())
    assert sealed


def _refuse(failures: dict[date, str] | dict[str | None, str]) -> None:
    if failures:
        raise RuntimeError(str(failures))


def _silent(_: str) -> None:
    pass


def _published(connection: Connection, table: Table) -> list[dict[str, object]]:
    names = [name for name in published_columns(table) if name != "as_of"]
    query = sql.SQL("SELECT {} FROM {}").format(
        sql.SQL(", ").join(map(sql.Identifier, names)), published_table(table)
    )
    return connection.cursor(row_factory=dict_row).execute(query).fetchall()


if __name__ == "__main__":
    main()
