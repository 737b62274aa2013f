"""Where an answer's numbers come from and how far they reach."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from analytics_pipeline.admin.answers.base import EventCounts, Provenance, PublicationFailure
from analytics_pipeline.admin.reading import queries
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.days import DayRange, day_of

NO_EVENTS = EventCounts(counted=0, anonymous=0, excluded=0, duplicates=0, conflicts=0, rejected=0)


def complete_through(as_of: datetime | None, zone: ZoneInfo) -> date | None:
    """The last complete day: the one that ends at `as_of`."""
    return None if as_of is None else day_of(as_of - timedelta(microseconds=1), zone)


def provenance_of(view: View, course_id: str | None = None, days: DayRange | None = None) -> Provenance:
    """The provenance of an answer: about one course over `days` (None: no day), or about all that is seen."""
    connection = view.connection
    as_of = queries.as_of(connection, course_id)
    newest = queries.latest_publication(connection, course_id)
    nothing = course_id is not None and days is None
    events = None if nothing else queries.event_counts(connection, course_id, days)
    return Provenance(
        as_of=as_of,
        complete_through=complete_through(as_of, view.rules.zone),
        computed_at=newest["computed_at"] if newest else None,
        run_id=newest["run_id"] if newest else None,
        events=EventCounts(counted=events.pop("events"), **events) if events else NO_EVENTS,
        failures=[PublicationFailure(**row) for row in queries.publication_failures(view, course_id, days)],
    )
