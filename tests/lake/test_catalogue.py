"""Which days are due, and as of which day the published numbers stand."""

from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics_pipeline.lake.catalogue import as_of_day, due_days, first_day
from analytics_pipeline.run import PipelineRun
from tests.conftest import Database
from tests.lake.deliveries import FIRST, Delivery, clear, deliver

WEEK = 7
# A day's row: version, published version (0: never), events, pruned. None: no row.
rows = st.none() | st.tuples(st.integers(1, 3), st.integers(0, 3), st.integers(0, 2), st.booleans())


def add_row(run: PipelineRun, day: date, version: int, published: int, events: int, *, pruned: bool) -> None:
    run.connection.execute(
        "INSERT INTO analytics.lake_day (day, version, files, events, bytes, duplicates, learner_files,"
        " published_version, pruned_at) VALUES (%s, %s, '{}', %s, 0, 0, '{}', nullif(%s, 0),"
        " CASE WHEN %s THEN now() END)",
        [day, version, events, min(published, version), pruned],
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    catalogue=st.lists(rows, min_size=WEEK, max_size=WEEK),
    waiting=st.sets(st.integers(0, WEEK - 1)),
    today=st.integers(0, WEEK - 1),
)
def test_a_day_is_due_and_as_of_stands_exactly_as_they_are_defined(
    run: PipelineRun,
    database: Database,
    catalogue: list[tuple[int, int, int, bool] | None],
    waiting: set[int],
    today: int,
) -> None:
    clear(database)
    for number, row in enumerate(catalogue):
        if row is not None:
            version, published, events, pruned = row
            add_row(run, FIRST + timedelta(days=number), version, published, events, pruned=pruned)
    with database.connect("ingest") as ingest:
        for number in waiting:
            deliver(ingest, [Delivery("a", number)], database.settings.zone)

    with_events = waiting | {n for n, row in enumerate(catalogue) if row is not None and row[2]}
    first = min(with_events, default=None)
    assert first_day(run.connection) == (None if first is None else FIRST + timedelta(days=first))

    due, last_published, gap = [], None, False
    for number in range(today):
        row = catalogue[number]
        behind = row is not None and min(row[1], row[0]) < row[0]
        never_seen = row is None and first is not None and number >= first
        if (number in waiting or behind or never_seen) and not (row is not None and row[3]):
            due.append(FIRST + timedelta(days=number))
        if first is not None and number >= first:
            gap = gap or row is None or row[1] == 0
            last_published = last_published if gap else FIRST + timedelta(days=number)
    day = FIRST + timedelta(days=today)
    assert due_days(run.connection, day) == due
    assert as_of_day(run.connection, day) == last_published
