"""Decides which deliveries of the same event id stand, when there are several near each other.

Among those that are not sealed yet, the one received first stands (`received_at`, then day, then place in
the inbox); what is in the lake stands already. What stands leaves out the others of its day and of the
neighbouring days.
"""

from collections.abc import Collection, Iterable
from datetime import date, timedelta

from duckdb import DuckDBPyConnection
from psycopg import Connection

from analytics_pipeline.engine import ParquetFiles, create_view
from analytics_pipeline.lake import schema
from analytics_pipeline.lake.catalogue import lake_days
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.lake.inbox import NUMBERED_LINES_OF_FILE, Inbox, InboxDay

# `position` is the line in the day's scratch file, and null for an event of the lake.
_CREATE_DELIVERY = """
    CREATE TABLE delivery (
        event_id VARCHAR, day DATE, received_at BIGINT, position BIGINT, fresh BOOLEAN, event_type VARCHAR,
        learner_id VARCHAR, course_id VARCHAR, lesson_idx INTEGER, metadata VARCHAR, created_at BIGINT,
        skew_us BIGINT)
"""
_ADD_FROM_INBOX = f"""
    INSERT INTO delivery
    SELECT event_id, $day, received_at, position, $fresh, event_type, learner_id, course_id, lesson_idx,
           metadata, occurred_at - skew_us, skew_us
      FROM {NUMBERED_LINES_OF_FILE}
     WHERE hash(event_id) IN (SELECT id_hash FROM collision)
"""  # noqa: S608  # a constant of the inbox module
_ADD_FROM_LAKE = """
    INSERT INTO delivery
    SELECT event_id, day, epoch_us(received_at), NULL, false, event_type, learner_id, course_id, lesson_idx,
           metadata, epoch_us(occurred_at) - skew_us, skew_us
      FROM consulted
     WHERE hash(event_id) IN (SELECT id_hash FROM collision)
"""

# At most one delivery of an id and day can stand: the sealed one, else the first.
_CREATE_CANDIDATE = """
    CREATE TABLE candidate (
        event_id VARCHAR, day DATE, received_at BIGINT, position BIGINT, needed BOOLEAN, state VARCHAR)
"""
_ADD_CANDIDATES = """
    INSERT INTO candidate
    SELECT event_id, day, received_at, position, list_contains($needed, day),
           CASE WHEN position IS NULL THEN 'stands' ELSE 'open' END
      FROM delivery
     WHERE list_contains($new, day)
   QUALIFY row_number() OVER (PARTITION BY event_id, day
                              ORDER BY position IS NOT NULL, received_at, position) = 1
"""
# A candidate is left out beside one that stands, and stands when no open neighbour came before it. Beside a
# day that was not consulted it cannot be known to stand.
_SETTLE = """
    CREATE OR REPLACE TABLE candidate AS
    SELECT event_id, day, received_at, position, needed,
           CASE WHEN state <> 'open' THEN state
                WHEN state_before = 'stands' OR state_after = 'stands' THEN 'left out'
                WHEN list_contains($unconsulted, day - 1) OR list_contains($unconsulted, day + 1) THEN 'open'
                WHEN state_before = 'open' AND received_before <= received_at THEN 'open'
                WHEN state_after = 'open' AND received_after < received_at THEN 'open'
                ELSE 'stands' END AS state
      FROM (SELECT *,
                   CASE WHEN lag(day) OVER ids = day - 1 THEN lag(state) OVER ids END AS state_before,
                   CASE WHEN lead(day) OVER ids = day + 1 THEN lead(state) OVER ids END AS state_after,
                   lag(received_at) OVER ids AS received_before,
                   lead(received_at) OVER ids AS received_after
              FROM candidate
            WINDOW ids AS (PARTITION BY event_id ORDER BY day))
"""
_OPEN = "SELECT count(*), count(*) FILTER (WHERE needed) FROM candidate WHERE state = 'open'"


class Surroundings:
    """What the lake and the inbox hold of any day, as far as a seal asks for it."""

    def __init__(self, connection: Connection, lake: Lake, inbox: Inbox) -> None:
        self._connection = connection
        self._lake = lake
        self._inbox = inbox

    def sealed(self, days: Iterable[date]) -> ParquetFiles:
        """The events that the lake holds of these days."""
        rows = lake_days(self._connection, days).values()
        return ParquetFiles([self._lake.path(name) for row in rows for name in row.files], schema.EVENTS)

    def waiting(self, days: Iterable[date]) -> dict[date, InboxDay]:
        """What the inbox held of these days when it was read."""
        return self._inbox.days(days)

    def anything(self, days: Collection[date]) -> list[date]:
        """Those of `days` of which the lake or the inbox holds anything."""
        return sorted(self._inbox.days(days).keys() | lake_days(self._connection, days).keys())


def settle(duck: DuckDBPyConnection, days: Collection[date], around: Surroundings) -> None:
    """Make the tables `delivery` and `candidate` for the ids whose hash is in table `collision`.

    `delivery` holds all deliveries of these ids on `days` and beside them, `fresh` those from the inbox of
    `days`. `candidate` says which of them stand; on `days` and their neighbours, none is left open. No more
    days are consulted than that takes.
    """
    duck.execute(_CREATE_DELIVERY)
    duck.execute(_CREATE_CANDIDATE)
    needed = set(days) | neighbours(days)
    new, consulted = needed, set[date]()
    while new:
        _add_deliveries(duck, new, days, around)
        duck.execute(_ADD_CANDIDATES, {"new": sorted(new), "needed": sorted(needed)})
        consulted |= new
        unconsulted = around.anything(neighbours(consulted))
        new = set(unconsulted) if _open_after_settling(duck, unconsulted) else set()


def neighbours(days: Iterable[date]) -> set[date]:
    """The days next to `days` that are not among them."""
    inside = set(days)
    return {day + step for day in inside for step in (timedelta(days=-1), timedelta(days=1))} - inside


def _open_after_settling(duck: DuckDBPyConnection, unconsulted: Collection[date]) -> int:
    """Decide what can be decided; return how many of the needed candidates are open still."""
    before = -1
    still_open, needed_open = _count_open(duck)
    while needed_open and still_open != before:
        duck.execute(_SETTLE, {"unconsulted": list(unconsulted)})
        before = still_open
        still_open, needed_open = _count_open(duck)
    return needed_open


def _add_deliveries(
    duck: DuckDBPyConnection, new: Iterable[date], days: Collection[date], around: Surroundings
) -> None:
    for day, read in around.waiting(new).items():
        parameters = {"day": day, "file": str(read.path), "fresh": day in days, "lenient": True}
        duck.execute(_ADD_FROM_INBOX, parameters)
    create_view(duck, "consulted", around.sealed(new))
    duck.execute(_ADD_FROM_LAKE)
    duck.execute("DROP VIEW consulted")


def _count_open(duck: DuckDBPyConnection) -> tuple[int, int]:
    still_open, needed_open = duck.execute(_OPEN).fetchall()[0]
    return still_open, needed_open
