"""Where an answer's numbers come from and how far they reach."""

from analytics_pipeline.admin.answers.base import EventCounts, Provenance
from analytics_pipeline.admin.answers.ranges import EVER
from analytics_pipeline.admin.reading import queries
from analytics_pipeline.admin.reading.failures import read_failures
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.days import DayRange

NO_EVENTS = EventCounts(counted=0, anonymous=0, excluded=0, duplicates=0, conflicts=0, rejected=0)


def provenance_of(view: View, days: DayRange | None = EVER, course_id: str | None = None) -> Provenance:
    """The provenance of an answer over `days` (None: no day): about one course, or about all that is seen."""
    return Provenance(
        as_of=view.publication.as_of,
        complete_through=view.complete_through,
        computed_at=view.publication.computed_at,
        run_id=view.publication.run_id,
        events=NO_EVENTS if days is None else _events(view, days, course_id),
        failures=[] if view.publication.failed_at is None else read_failures(view, days, course_id),
    )


def _events(view: View, days: DayRange, course_id: str | None) -> EventCounts:
    if course_id is not None:
        sums = queries.event_counts(view.connection, [course_id], days)
    elif view.courses is not None:
        sums = queries.event_counts(view.connection, sorted(view.courses), days)
    else:
        sums = queries.site_event_counts(view.connection, days)
    return EventCounts(counted=sums.pop("events"), **sums)
