"""The cohort tables as of a day: computed from all learner days up to it, published together."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from psycopg import Connection

from analytics_pipeline.database.checks import CheckFailedError
from analytics_pipeline.database.cohort_scope import CohortScope
from analytics_pipeline.database.publish import Published, publish
from analytics_pipeline.days import day_end, day_of
from analytics_pipeline.lake.catalogue import as_of_day, first_kept_day
from analytics_pipeline.metrics.causes import DEFINITION_CHANGE, LATE_EVENTS, RECOMPUTED
from analytics_pipeline.metrics.changes.since import since_last
from analytics_pipeline.metrics.cohort_checks import COHORT_CHECKS
from analytics_pipeline.metrics.cohort_counts import count_cohorts
from analytics_pipeline.metrics.cohort_inputs import cohort_definition
from analytics_pipeline.metrics.failures import keep_failed_courses, record_failed_courses
from analytics_pipeline.metrics.last_publication import LastPublication, last_publication, set_publication
from analytics_pipeline.metrics.unknown_refunds import quarantine_unknown_refunds
from analytics_pipeline.metrics.windows import refresh_windows
from analytics_pipeline.run import PipelineRun


@dataclass(frozen=True)
class CohortPublication:
    """Which as-of day the cohort tables were published for, and what that did."""

    as_of: date
    published: Published
    counted_all: bool
    """Whether every cohort was counted, and not only those that may have moved since the last publication."""

    def failures(self) -> dict[str | None, str]:
        """The courses that keep their old rows, each with the checks that it broke."""
        return _failures(self.published)


def publish_cohorts(run: PipelineRun, cause: str | None = None) -> CohortPublication | None:
    """Publish all cohort tables for the current as-of day, in one transaction; idempotent.

    Rows of cohort days whose learner days are gone stay as they are. `cause` is why numbers may differ,
    where the caller knows better. None while there is no as-of day: the first day with events is not
    published, or is today. Raises CheckFailedError and TurnLostError; the old rows stand then.
    """
    as_of = as_of_day(run.connection, day_of(datetime.now(UTC), run.settings.zone))
    return None if as_of is None else publish_cohorts_as_of(run, as_of, cause)


def publish_cohorts_as_of(run: PipelineRun, as_of: date, cause: str | None = None) -> CohortPublication:
    """Publish all cohort tables for this as-of day; a course that breaks a check keeps its old rows.

    What keeps its old rows is recorded, and what was recorded before is forgotten. `cause` as above.
    """
    try:
        return _publish(run, as_of, cause)
    except CheckFailedError as error:
        record_failed_courses(run, {None: str(error)})
        raise


def stands_published(run: PipelineRun, as_of: date) -> bool:
    """Whether all cohorts stand published as of this day, by the definition in force."""
    last = last_publication(run.connection)
    return (
        last.as_of == day_end(as_of, run.settings.zone)
        and last.definition == cohort_definition(run)
        and not last.set_aside
    )


def _publish(run: PipelineRun, as_of: date, cause: str | None) -> CohortPublication:
    definition = cohort_definition(run)
    last = last_publication(run.connection)
    # Whoever gives the cause knows of a change that the catalogue does not tell.
    since = None if cause else since_last(run, last, as_of, definition)
    scope = CohortScope(first_kept_day(run.connection), last.as_of, last.stale_courses)
    with run.engine.scratch_folder("publish") as folder:
        new_rows, lookups = count_cohorts(run, as_of, since, scope.since, folder)

        def after(connection: Connection, published: Published) -> None:
            quarantine_unknown_refunds(connection, scope.since, new_rows["course_refund"].cohorts)
            ends = day_end(as_of, run.settings.zone)
            moved_since = date.min if since is None else published.moved_since or as_of
            refresh_windows(connection, as_of, ends, run.run_id, moved_since)
            set_publication(connection, definition, run.run_id, lookups)
            keep_failed_courses(connection, run.run_id, _failures(published))

        published = publish(
            run.connection,
            turn=run.turn,
            scope=scope,
            new_rows=list(new_rows.values()),
            checks=COHORT_CHECKS,
            cause=cause or _cause(last, definition),
            after=after,
        )
    run.lake.remove(set(last.lookups.names) - set(lookups.names))
    return CohortPublication(as_of, published, counted_all=since is None)


def _cause(last: LastPublication, definition: str) -> str:
    """A changed definition comes first: it may move every number, late events only some."""
    if last.definition is None:
        return RECOMPUTED
    if last.definition != definition:
        return DEFINITION_CHANGE
    return LATE_EVENTS if last.days_came_since else RECOMPUTED


def _failures(published: Published) -> dict[str | None, str]:
    broken = [result for result in published.checks if not result.passed]
    return {
        course: "Not published, the old numbers stand: violations of "
        + ", ".join(result.name for result in broken if course in result.courses)
        + "."
        for course in published.set_aside
    }
