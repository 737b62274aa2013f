"""Takes events of erased learners out of the quarantine."""

from collections.abc import Iterator

from analytics_pipeline.erasure.tombstones import Tombstones
from analytics_pipeline.ingest.quarantine import read_loosely
from analytics_pipeline.run import PipelineRun

_READ = "SELECT id, body FROM ingest.quarantine"
_REMOVE = "DELETE FROM ingest.quarantine WHERE id = ANY(%s) RETURNING day"
# event_day counts what is in quarantine: with a new version, the days concerned are due.
_MAKE_DUE = "UPDATE analytics.lake_day SET version = version + 1 WHERE day = ANY(%s) AND pruned_at IS NULL"
_COUNT = """
    UPDATE analytics.erasure
       SET quarantined = quarantined + %s,
           days = ARRAY(SELECT DISTINCT unnest(days || %s::date[]) ORDER BY 1)
     WHERE id = %s
"""
_ROWS_AT_ONCE = 2_000


def scrub_quarantine(
    run: PipelineRun, tombstones: Tombstones, names: tuple[str, ...] = (), erasure_id: str | None = None
) -> int:
    """Remove rows of erased learners, and return how many; the days that counted them are due afterwards.

    A body that is no JSON object is the learner's when it has one of `names` anywhere in it. The receipt of
    `erasure_id` counts what is removed.
    """
    if not tombstones:
        return 0
    gone = list(_of_learners(run, tombstones, [name.encode() for name in names]))
    with run.connection.transaction():
        run.turn.check(run.connection)
        days = [day for (day,) in run.connection.execute(_REMOVE, [gone])]
        run.connection.execute(_MAKE_DUE, [days])
        run.connection.execute(_COUNT, [len(days), days, erasure_id])
    return len(days)


def _of_learners(run: PipelineRun, tombstones: Tombstones, names: list[bytes]) -> Iterator[str]:
    with run.connection.transaction(), run.connection.cursor(name="quarantine") as cursor:
        cursor.execute(_READ)
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from (row_id for row_id, body in rows if _is_theirs(body, tombstones, names))


def _is_theirs(body: bytes, tombstones: Tombstones, names: list[bytes]) -> bool:
    learner = read_loosely(body).get("userId")
    if isinstance(learner, str | int):
        return tombstones.hash_of(str(learner)) is not None
    return any(name in body for name in names)
