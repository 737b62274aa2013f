"""Which events of the inbox are left out because their id is taken.

An id is taken when an event of the same id stands on the same day or a neighbouring one. Among deliveries
that are not sealed yet, the one received first stands (`received_at`, then day, then place in the inbox);
what is in the lake stands already, even if a delivery with an earlier `received_at` commits after that seal.
Unsealed neighbours are consulted, so the outcome does not depend on the order in which days are sealed.
"""

from collections.abc import Collection, Iterable
from datetime import date, timedelta

from duckdb import DuckDBPyConnection
from psycopg import Connection

from analytics_pipeline.engine import ParquetFiles, create_view
from analytics_pipeline.lake import schema
from analytics_pipeline.lake.catalogue import lake_days
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.lake.inbox import LINES_OF_FILE, Inbox, InboxDay
from analytics_pipeline.lake.wire import canonical_json

_CREATE_WAITING = """
    CREATE TABLE waiting AS
    SELECT event_id FROM read_ndjson($files, ignore_errors = true, columns = {event_id: 'VARCHAR'})
"""
_CREATE_COLLISION = """
    CREATE TABLE collision AS
    SELECT hash(event_id) AS id_hash
      FROM (SELECT event_id, true AS fresh FROM fresh
            UNION ALL
            SELECT event_id, false FROM held
            UNION ALL
            SELECT event_id, false FROM waiting)
     GROUP BY id_hash
    HAVING count(*) > 1 AND bool_or(fresh)
"""

# `position` is the line in the day's scratch file, and null for an event of the lake.
_CREATE_DELIVERY = """
    CREATE TABLE delivery (
        event_id VARCHAR, day DATE, received_at BIGINT, position BIGINT, fresh BOOLEAN, event_type VARCHAR,
        learner_id VARCHAR, course_id VARCHAR, lesson_idx INTEGER, metadata VARCHAR, created_at BIGINT)
"""
_ADD_FROM_INBOX = f"""
    INSERT INTO delivery
    SELECT event_id, $day, received_at, position, $fresh, event_type, learner_id, course_id, lesson_idx,
           metadata, occurred_at - skew_us
      FROM ({LINES_OF_FILE})
     WHERE hash(event_id) IN (SELECT id_hash FROM collision)
"""  # noqa: S608  # a constant of the inbox module
_ADD_FROM_LAKE = """
    INSERT INTO delivery
    SELECT event_id, day, epoch_us(received_at), NULL, false, event_type, learner_id, course_id, lesson_idx,
           metadata, epoch_us(occurred_at) - skew_us
      FROM held
     WHERE hash(event_id) IN (SELECT id_hash FROM collision)
"""

# At most one delivery of an id and day can stand: the sealed one, else the first.
_CREATE_CANDIDATE = """
    CREATE TABLE candidate (
        event_id VARCHAR, day DATE, received_at BIGINT, position BIGINT, fresh BOOLEAN, state VARCHAR)
"""
_ADD_CANDIDATES = """
    INSERT INTO candidate
    SELECT event_id, day, received_at, position, fresh,
           CASE WHEN position IS NULL THEN 'stands' ELSE 'open' END
      FROM delivery
     WHERE list_contains($days, day)
   QUALIFY row_number() OVER (PARTITION BY event_id, day
                              ORDER BY position IS NOT NULL, received_at, position) = 1
"""
# A candidate is left out beside one that stands, and stands when no open neighbour came before it. Beside a
# day that was not consulted it cannot be known to stand.
_SETTLE = """
    CREATE OR REPLACE TABLE candidate AS
    SELECT event_id, day, received_at, position, fresh,
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
_OPEN = "SELECT count(*), count(*) FILTER (WHERE fresh) FROM candidate WHERE state = 'open'"
_CREATE_REPEAT = """
    CREATE TABLE repeat AS
    SELECT delivery.*
      FROM delivery
      JOIN candidate USING (event_id, day)
     WHERE delivery.fresh
       AND (candidate.state = 'left out' OR candidate.position IS DISTINCT FROM delivery.position)
"""
# What was there when the repeat came decides; what came later, and stands all the same, only if nothing was.
_CREATE_LEFT_OUT = """
    CREATE TABLE left_out AS
    WITH standing AS (
        SELECT delivery.*
          FROM delivery
          JOIN candidate ON candidate.event_id = delivery.event_id AND candidate.day = delivery.day
                        AND candidate.position IS NOT DISTINCT FROM delivery.position
         WHERE candidate.state = 'stands'),
    compared AS (
        SELECT repeat.day, repeat.position,
               (standing.received_at, standing.day) <= (repeat.received_at, repeat.day) AS was_there,
               standing.event_type = repeat.event_type
                   AND standing.learner_id IS NOT DISTINCT FROM repeat.learner_id
                   AND standing.course_id IS NOT DISTINCT FROM repeat.course_id
                   AND standing.lesson_idx IS NOT DISTINCT FROM repeat.lesson_idx
                   AND standing.created_at = repeat.created_at
                   AND CASE WHEN standing.metadata = repeat.metadata THEN true
                            ELSE canonical_json(standing.metadata) = canonical_json(repeat.metadata)
                       END AS same
          FROM repeat
          JOIN standing ON standing.event_id = repeat.event_id
                       AND standing.day BETWEEN repeat.day - 1 AND repeat.day + 1),
    verdict AS (
        SELECT day, position, coalesce(bool_or(same) FILTER (WHERE was_there), bool_or(same)) AS same
          FROM compared
         GROUP BY day, position)
    SELECT repeat.*, verdict.same
      FROM repeat
      JOIN verdict USING (day, position)
"""


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


def find_left_out(duck: DuckDBPyConnection, days: Collection[date], around: Surroundings) -> bool:
    """Whether any event of these inbox days is left out; if so, table `left_out` tells which.

    The view `fresh` must hold all their events. `left_out` has day, position (line in the day's scratch
    file), the event, and `same`: true for a repeated delivery, false for a conflict.
    """
    beside = neighbours(days)
    create_view(duck, "held", around.sealed({*days, *beside}))
    _create_waiting(duck, around.waiting(beside).values())
    duck.execute(_CREATE_COLLISION)
    if not _numbers(duck, "SELECT count(*) FROM collision")[0]:
        return False
    _settle(duck, set(days), around)
    duck.create_function("canonical_json", canonical_json, ["VARCHAR"], "VARCHAR")
    duck.execute(_CREATE_REPEAT)
    duck.execute(_CREATE_LEFT_OUT)
    return bool(_numbers(duck, "SELECT count(*) FROM left_out")[0])


def neighbours(days: Iterable[date]) -> set[date]:
    """The days next to `days` that are not among them."""
    inside = set(days)
    return {day + step for day in inside for step in (timedelta(days=-1), timedelta(days=1))} - inside


def _settle(duck: DuckDBPyConnection, days: set[date], around: Surroundings) -> None:
    """Decide which delivery of each colliding id stands, consulting no more days than that takes."""
    duck.execute(_CREATE_DELIVERY)
    duck.execute(_CREATE_CANDIDATE)
    new, consulted = days | neighbours(days), set[date]()
    while new:
        _add(duck, new, days, around)
        consulted |= new
        unconsulted = around.anything(neighbours(consulted))
        before = -1
        still_open, fresh_open = _numbers(duck, _OPEN)
        while fresh_open and still_open != before:
            duck.execute(_SETTLE, {"unconsulted": unconsulted})
            before = still_open
            still_open, fresh_open = _numbers(duck, _OPEN)
        new = set(unconsulted) if fresh_open else set()


def _add(duck: DuckDBPyConnection, new: set[date], days: set[date], around: Surroundings) -> None:
    for day, read in around.waiting(new).items():
        duck.execute(
            _ADD_FROM_INBOX, {"day": day, "file": str(read.path), "fresh": day in days, "lenient": True}
        )
    duck.execute("DROP VIEW held")
    create_view(duck, "held", around.sealed(new))
    duck.execute(_ADD_FROM_LAKE)
    duck.execute(_ADD_CANDIDATES, {"days": sorted(new)})


def _create_waiting(duck: DuckDBPyConnection, read: Iterable[InboxDay]) -> None:
    """The ids of unsealed neighbours; a line that cannot be read has none, and fails its own day's seal."""
    files = [str(day.path) for day in read]
    if not files:
        create_view(duck, "waiting", ParquetFiles([], {"event_id": "VARCHAR"}))
        return
    duck.execute(_CREATE_WAITING, {"files": files})


def _numbers(duck: DuckDBPyConnection, sql: str) -> tuple[int, ...]:
    row = duck.execute(sql).fetchone()
    return tuple(int(number) for number in row) if row else ()
