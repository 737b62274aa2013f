"""Erases a learner: from inbox, quarantine and lake, and from every number that still can be computed."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from analytics_pipeline.erasure.key import make_erasure_key
from analytics_pipeline.erasure.lake import Learner, erase_carried, erase_events
from analytics_pipeline.erasure.quarantine import scrub_quarantine
from analytics_pipeline.erasure.receipt import Receipt, close_receipt, open_receipt, read_receipt
from analytics_pipeline.erasure.tombstones import read_tombstones
from analytics_pipeline.ingest.pseudonym import pseudonymiser
from analytics_pipeline.lake.compact import collect_garbage
from analytics_pipeline.lake.seal import seal_inbox
from analytics_pipeline.metrics.causes import ERASURE
from analytics_pipeline.metrics.recompute import recompute
from analytics_pipeline.retention.late import quarantine_late
from analytics_pipeline.run import PipelineRun
from analytics_pipeline.settings import Settings

BACKUPS = "backups, and what was exported or logged outside of this system: delete them by your own rules."

_BEHIND = """
    SELECT day FROM analytics.lake_day
     WHERE day = ANY((SELECT days FROM analytics.erasure WHERE id = %s)::date[]) AND pruned_at IS NULL
       AND (learner_version IS DISTINCT FROM version OR published_version IS DISTINCT FROM version)
     ORDER BY day
"""
_PRUNED = "SELECT min(day), max(day) FROM analytics.lake_day WHERE pruned_at IS NOT NULL"


def names_of(learner_id: str, settings: Settings) -> tuple[str, ...]:
    """Every id under which events of the learner may lie: as it was given, and its pseudonym.

    Both, since events from before PSEUDONYM_KEY was set carry the platform's id.
    """
    if settings.pseudonym_key is None:
        return (learner_id,)
    pseudonym = pseudonymiser(settings.pseudonym_key.get_secret_value())(learner_id)
    return (learner_id,) if pseudonym == learner_id else (learner_id, pseudonym)


def erase_learner(run: PipelineRun, learner_id: str, report: Callable[[str], None]) -> Receipt:
    """Erase the learner and return the receipt; idempotent, and to be run again when it was interrupted.

    The tombstone comes first: from then on no event of the learner reaches the lake. A day that cannot be
    sealed or published is named as not reached, and the erasure is not finished then.
    """
    names = names_of(learner_id, run.settings)
    erasure_id = open_receipt(run.connection, make_erasure_key(run.settings), names)
    tombstones = read_tombstones(run.connection, run.settings)
    quarantine_late(run, tombstones)
    # The learner's events are dropped on the way.
    failures = dict(seal_inbox(run, report).failures)
    scrub_quarantine(run, tombstones, names, erasure_id)
    learner = Learner(names, erasure_id)
    erase_events(run, learner)
    erase_carried(run, learner)
    failures |= _recompute(run, erasure_id, report)
    # Old versions and what killed runs left: nobody else writes while this run has its turn.
    collect_garbage(run, older_than=timedelta(0))
    unreached = [*_pruned(run), *failures.values(), BACKUPS]
    with run.connection.transaction():
        run.turn.check(run.connection)
        close_receipt(run.connection, erasure_id, unreached, finished=not failures)
    return read_receipt(run.connection, erasure_id)


def _recompute(run: PipelineRun, erasure_id: str, report: Callable[[str], None]) -> dict[date, str]:
    """Bring the numbers of the erasure's days up to date, those of an interrupted start as well."""
    days = [day for (day,) in run.connection.execute(_BEHIND, [erasure_id])]
    return recompute(run, days, report, ERASURE)


def _pruned(run: PipelineRun) -> Iterator[str]:
    first, last = run.connection.execute(_PRUNED).fetchall()[0]
    if first is not None:
        yield (
            f"the published counts of the pruned days {first} to {last}: they may count the learner, and "
            "their raw events are gone; they name nobody."
        )
