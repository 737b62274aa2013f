"""Keeps the lake tidy: many small parts become one file, and files that nothing names are removed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from psycopg import Connection

from analytics_pipeline.engine import ParquetFiles
from analytics_pipeline.lake import schema
from analytics_pipeline.lake.catalogue import LakeDay, advance
from analytics_pipeline.lake.event_files import write_events
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.lake.schema import Kind
from analytics_pipeline.run import PipelineRun

MOST_PARTS = 8
"""A seal that leaves what more seals than these have written brings the day together."""

UNNAMED_FILES_STAY = timedelta(hours=1)
"""A reader may still be at a file that was replaced."""

_NAMED = """
    SELECT unnest(files) FROM analytics.lake_day
    UNION ALL
    SELECT unnest(learner_files) FROM analytics.lake_day
    UNION ALL
    SELECT unnest(ARRAY[order_file, recent_order_file, entry_file, recent_entry_file])
      FROM analytics.cohort_publication
"""


def compact_day(run: PipelineRun, row: LakeDay) -> LakeDay:
    """Write all events of a day at once and return the day's new row.

    The events stay the same, and so does the version: nothing that was built from the day is out of date.
    """
    name = run.lake.new_name(Kind.EVENTS, row.day, row.version)
    parts = ParquetFiles(run.lake.paths(row.files), schema.EVENTS)
    with run.engine.session({"parts": parts}) as duck:
        names, _ = write_events(duck, run.lake, "SELECT * FROM parts", {}, name=name, expected=row.events)
    run.lake.persist(names)
    compacted = replace(row, files=names, bytes=run.lake.size(names))
    with run.connection.transaction():
        run.turn.check(run.connection)
        advance(run.connection, [(row, compacted)])
    return compacted


def collect_garbage(run: PipelineRun, older_than: timedelta = UNNAMED_FILES_STAY) -> list[str]:
    """Remove the files that no row names and that are older than that (an hour); return their names.

    So goes what killed runs left in the scratch folder. The turn keeps any other run from naming one of these
    files meanwhile. It looks at the whole lake: once a night is enough.
    """
    before = datetime.now(UTC) - older_than
    with run.connection.transaction():
        run.turn.check(run.connection)
        garbage = _unnamed(run.connection, run.lake, before)
        run.lake.remove(garbage)
    run.engine.clear_leftovers(before)
    return garbage


def _unnamed(connection: Connection, lake: Lake, before: datetime) -> list[str]:
    written = lake.written_before(before)
    named = {name for (name,) in connection.execute(_NAMED)}
    return [name for name in written if name not in named]
