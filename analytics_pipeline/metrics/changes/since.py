"""What has changed since the last publication of the cohort tables, which is what a night counts.

Where that does not tell which cohorts moved, after another definition, a forgotten publication or a long
pause, every cohort is counted anew.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from analytics_pipeline.days import day_of
from analytics_pipeline.metrics.last_publication import LastPublication, LookupFiles, changed_days
from analytics_pipeline.run import PipelineRun

MOST_CHANGED_DAYS = 31
"""Above, most cohorts have moved, and all of them are counted faster."""


@dataclass(frozen=True)
class Since:
    """What has changed since the last publication, which was as of the instant `last_as_of`."""

    last_as_of: datetime
    changed: list[date]
    set_aside: list[str]
    lookups: LookupFiles


def since_last(run: PipelineRun, last: LastPublication, as_of: date, definition: str) -> Since | None:
    """What has changed since the last publication; None where every cohort is to be counted anew."""
    # A cluster reads a past that is larger than what this machine should read.
    if run.cluster is not None or last.as_of is None or last.definition != definition:
        return None
    last_day = day_of(last.as_of - timedelta(microseconds=1), run.settings.zone)
    if last.is_ahead_of_the_clock or None in last.set_aside or as_of < last_day:
        return None
    changed = changed_days(run.connection, last, last_day, as_of)
    if len(changed) > MOST_CHANGED_DAYS:
        return None
    # Within another zone, days would be subtracted as the clock on the wall shows them.
    return Since(last.as_of.astimezone(UTC), changed, last.stale_courses, last.lookups)
