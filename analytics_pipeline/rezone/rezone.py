"""Puts a site under another time zone: new files first, then one commit, then the numbers.

Until that commit the old zone is in force, and after it the new one. What a killed run leaves of new files is
collected; what it leaves of numbers is due, and the next run publishes it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from analytics_pipeline.lake.catalogue import LakeDay, advance, lake_days
from analytics_pipeline.lake.compact import collect_garbage
from analytics_pipeline.lake.seal import seal_inbox
from analytics_pipeline.metrics.recompute import recompute
from analytics_pipeline.rezone.files import cut_anew
from analytics_pipeline.run import PipelineRun

_DAYS = "SELECT day FROM analytics.lake_day ORDER BY day"
_PRUNED = "SELECT count(*) FROM analytics.lake_day WHERE pruned_at IS NOT NULL"
_SCOPE = """
    SELECT count(*), coalesce(sum(events), 0)::bigint, coalesce(sum(bytes), 0)::bigint FROM analytics.lake_day
"""
_SERVICES = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND usename IN ('analytics_ingest', 'analytics_admin')
"""
# Counted by days that are no more; findings and changes speak of numbers that are gone.
_CUT_BY_DAY = (
    *("event_day", "site_day", "lesson_daily", "lesson_week", "course_daily"),
    *("duplicate_count", "quarantine_count"),
    *("lesson_cohort", "quiz_cohort", "course_funnel", "course_refund", "cohort_publication"),
    *("signal", "signal_evaluation", "metric_revision", "lake_day"),
)


class RezoneRefusedError(Exception):
    """The site cannot be put under another zone now; the message says why, and what to do."""


@dataclass(frozen=True)
class Scope:
    """What is cut anew."""

    days: int
    events: int
    bytes: int


def scope_of(connection: psycopg.Connection) -> Scope:
    """What a change of the zone would cut anew. Raises RezoneRefusedError where it cannot be done at all."""
    pruned = _number(connection, _PRUNED)
    if pruned:
        raise RezoneRefusedError(
            f"{pruned} days are pruned: their events cannot be put under another zone. Keep the zone, or "
            "begin anew with an empty database and lake."
        )
    return Scope(*connection.execute(_SCOPE).fetchall()[0])


def rezone(
    run: PipelineRun, owner: psycopg.Connection, zone: ZoneInfo, report: Callable[[str], None]
) -> None:
    """Cut every event of the lake anew and put the zone in force, in one commit of the owner's connection.

    Published numbers, findings and recorded changes go with the old days. Raises RezoneRefusedError while
    services run that would go on cutting days in the old zone, and where an inbox day cannot be sealed.
    """
    scope_of(run.connection)
    _refuse_services(run.connection)
    failures = seal_inbox(run, report).failures
    if failures:
        raise RezoneRefusedError(next(iter(failures.values())))
    days = [day for (day,) in run.connection.execute(_DAYS)]
    made = cut_anew(run, lake_days(run.connection, days), zone, report)
    _put_in_force(run, owner, zone, made)
    collect_garbage(run, older_than=timedelta(0))


def rebuild(run: PipelineRun, report: Callable[[str], None]) -> dict[date, str]:
    """Publish every day and the cohorts from the lake as it is cut now; the days that failed, with why."""
    days = [day for (day,) in run.connection.execute(_DAYS)]
    return recompute(run, days, report, cause=None)


def _put_in_force(run: PipelineRun, owner: psycopg.Connection, zone: ZoneInfo, made: list[LakeDay]) -> None:
    with owner.transaction():
        run.turn.check(owner)
        # From here on nothing is received until the commit.
        owner.execute("LOCK TABLE ingest.inbox IN EXCLUSIVE MODE")
        _refuse_services(owner)
        if _number(owner, "SELECT count(*) FROM ingest.inbox"):
            raise RezoneRefusedError("events came in meanwhile: stop what sends them, then try again.")
        for name in _CUT_BY_DAY:
            owner.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier("analytics", name)))
        advance(owner, [(None, row) for row in made])
        owner.execute("UPDATE analytics.site SET timezone = %s", [str(zone)])


def _refuse_services(connection: psycopg.Connection) -> None:
    sessions = _number(connection, _SERVICES)
    if sessions:
        raise RezoneRefusedError(
            f"{sessions} sessions of the ingest or admin service are open, which know the old zone: stop the "
            "services, then try again."
        )


def _number(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0
