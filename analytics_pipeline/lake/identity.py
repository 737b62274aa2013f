"""Which events of the inbox are left out because their id is taken.

An id is taken when an event of the same id stands on the same day or a neighbouring one. Among deliveries
that are not sealed yet, the one received first stands (`received_at`, then day, then place in the inbox);
what is in the lake stands already, even if a delivery with an earlier `received_at` commits after that seal.
Unsealed neighbours are consulted, so the outcome does not depend on the order in which days are sealed.
"""

from collections.abc import Collection, Iterable
from datetime import date

from duckdb import DuckDBPyConnection

from analytics_pipeline.engine import ParquetFiles, create_view
from analytics_pipeline.lake.inbox import InboxDay
from analytics_pipeline.lake.standing import Surroundings, neighbours, settle
from analytics_pipeline.lake.wire import canonical_json

_CREATE_WAITING = """
    CREATE TABLE waiting AS
    SELECT event_id FROM read_ndjson($files, ignore_errors = true, columns = {event_id: 'VARCHAR'})
"""
# Only hashes are kept in memory; two ids of one hash are told apart later. What is held, however much, goes
# past the hashes of the fresh events: a late event costs little even on a huge day.
_CREATE_COLLISION = """
    CREATE TABLE collision AS
    WITH fresh_hash AS (SELECT hash(event_id) AS id_hash FROM fresh)
    SELECT id_hash FROM fresh_hash GROUP BY id_hash HAVING count(*) > 1
    UNION
    SELECT id_hash
      FROM (SELECT hash(event_id) AS id_hash FROM held
            UNION ALL
            SELECT hash(event_id) FROM waiting)
     WHERE id_hash IN (SELECT id_hash FROM fresh_hash)
"""

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


def find_left_out(duck: DuckDBPyConnection, days: Collection[date], around: Surroundings) -> bool:
    """Whether any event of these inbox days is left out; if so, table `left_out` tells which.

    The view `fresh` must hold all their events. `left_out` has day, position (line in the day's scratch
    file), the event, and `same`: true for a repeated delivery, false for a conflict.
    """
    beside = neighbours(days)
    create_view(duck, "held", around.sealed({*days, *beside}))
    _create_waiting(duck, around.waiting(beside).values())
    duck.execute(_CREATE_COLLISION)
    if not _has_rows(duck, "collision"):
        return False
    settle(duck, days, around)
    duck.create_function("canonical_json", canonical_json, ["VARCHAR"], "VARCHAR")
    duck.execute(_CREATE_REPEAT)
    duck.execute(_CREATE_LEFT_OUT)
    return _has_rows(duck, "left_out")


def _create_waiting(duck: DuckDBPyConnection, read: Iterable[InboxDay]) -> None:
    """The ids of unsealed neighbours; a line that cannot be read has none, and fails its own day's seal."""
    files = [str(day.path) for day in read]
    if not files:
        create_view(duck, "waiting", ParquetFiles([], {"event_id": "VARCHAR"}))
        return
    duck.execute(_CREATE_WAITING, {"files": files})


def _has_rows(duck: DuckDBPyConnection, table: str) -> bool:
    return bool(duck.table(table).limit(1).fetchall())
