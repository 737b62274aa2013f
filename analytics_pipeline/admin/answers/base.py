"""What every answer of the API has in common: JSON in camelCase, its effective range and its provenance."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from analytics_pipeline.admin.answers.ranges import Selection
from analytics_pipeline.days import DayRange


class Answer(BaseModel):
    """A value of the API; immutable, camelCase on the wire."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, use_attribute_docstrings=True
    )


class DaySpan(Answer):
    """Days of the site's time zone, both ends included."""

    first: date = Field(serialization_alias="from")
    """First day."""
    last: date = Field(serialization_alias="to")
    """Last day."""


def span(days: DayRange | None) -> DaySpan | None:
    """`days` as it is answered."""
    return None if days is None else DaySpan(first=days.first, last=days.last)


class EffectiveRange(Answer):
    """The days that an answer rests on; null where the course has no such day."""

    days: DaySpan | None
    """Site days whose activity is counted."""
    cohort_days: DaySpan | None
    """Whole weeks of cohort days: learners who entered in them are counted in every rate of persons."""


def effective_range(selection: Selection) -> EffectiveRange:
    """The selection as it is answered."""
    return EffectiveRange(days=span(selection.days), cohort_days=span(selection.cohort_days))


class EventCounts(Answer):
    """What was received for the course on the days of the range."""

    counted: int
    """Accepted events that count."""
    anonymous: int
    """Those of them without a learner."""
    excluded: int
    """Events of staff, instructors and test learners, counted nowhere else."""
    duplicates: int
    """Repeated deliveries that were left out."""
    conflicts: int
    """Events in quarantine because their id was taken by another event."""
    rejected: int
    """Events in quarantine for any other reason."""


class PublicationFailure(Answer):
    """Something that could not be published: its old numbers stand until it is."""

    day: date | None
    """Site day whose tables failed; null where the cohort tables did."""
    course_id: str | None
    """The course that the cohort tables leave as it was; null: it is about all courses."""
    message: str
    """What is wrong, with the checks that broke."""
    run_id: str
    """The run that failed last."""
    failed_at: datetime
    """When it failed last."""


class Provenance(Answer):
    """Where the numbers come from and how far they reach."""

    as_of: datetime | None
    """The instant up to which learners' states (stopped, open, mature) are judged."""
    complete_through: date | None
    """The last day up to which every day is published."""
    computed_at: datetime | None
    """When the latest of these rows was published."""
    run_id: str | None
    """The run that published it."""
    events: EventCounts
    """What was received."""
    failures: list[PublicationFailure]
    """What keeps old numbers in this answer because its last publication failed; the first hundred."""
