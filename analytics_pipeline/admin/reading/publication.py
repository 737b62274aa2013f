"""The last publication: until which day the numbers reach, and what answers are kept by."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from analytics_pipeline.days import day_of

LAST_PUBLICATION = text("""
    WITH newest AS (
        (SELECT computed_at, run_id FROM analytics.course_window ORDER BY computed_at DESC LIMIT 1)
        UNION ALL
        (SELECT computed_at, run_id FROM analytics.site_day ORDER BY computed_at DESC LIMIT 1)
        UNION ALL
        (SELECT computed_at, run_id FROM analytics.signal_evaluation ORDER BY computed_at DESC LIMIT 1)
        UNION ALL
        (SELECT computed_at, run_id FROM analytics.course ORDER BY computed_at DESC LIMIT 1)
    )
    SELECT (SELECT max(as_of) FROM analytics.course_window) AS as_of, computed_at, run_id,
           (SELECT max(failed_at) FROM analytics.publication_failure) AS failed_at
      FROM newest
     ORDER BY computed_at DESC
     LIMIT 1
""")


@dataclass(frozen=True)
class Publication:
    """What was published last; all None before anything was.

    Two publications are equal only where nothing was published in between.
    """

    as_of: datetime | None
    computed_at: datetime | None
    run_id: str | None
    failed_at: datetime | None = None

    def complete_through(self, zone: ZoneInfo) -> date | None:
        """The last complete day: the one that ends at `as_of`."""
        return None if self.as_of is None else day_of(self.as_of - timedelta(microseconds=1), zone)


NOTHING_PUBLISHED = Publication(None, None, None)


def last_publication(connection: Connection) -> Publication:
    """The publication that this snapshot sees."""
    row = connection.execute(LAST_PUBLICATION).one_or_none()
    return NOTHING_PUBLISHED if row is None else Publication(*row)
