"""The metadata that every table belongs to, and the kinds of columns that several of them have."""

from sqlalchemy import BigInteger, Column, DateTime, Enum, MetaData, Numeric, Text

from analytics_pipeline.events import EventType

metadata = MetaData()

PERSONS = "persons"
"""The mark, in a column's `info`, of numbers that count learners."""

STATED = "stated"
"""The mark of what a row states beside its numbers: all rows that add up to one state the same."""

ADDED_AS = "added as"
"""The mark of SQL by which the values of a column add up, where their mere sum would not be exact."""

INSTANT = DateTime(timezone=True)
MONEY = Numeric(24, 4)
EVENT_TYPE = Enum(
    EventType,
    name="event_type",
    schema="analytics",
    values_callable=lambda kinds: [kind.value for kind in kinds],
)


def count(name: str, comment: str) -> Column[int]:
    """A number that every row has."""
    return Column(name, BigInteger, nullable=False, comment=comment)


def persons(name: str, comment: str, *, nullable: bool = False) -> Column[int]:
    """A number of learners, never of events or money: it says itself how many stand behind it."""
    return Column(name, BigInteger, nullable=nullable, comment=comment, info={PERSONS: True})


def provenance() -> tuple[Column[object], ...]:
    """When a row was published, and by which run."""
    return (
        Column("computed_at", INSTANT, nullable=False, comment="When this row was published."),
        Column("run_id", Text, nullable=False, comment="The Dagster run that published this row."),
    )


def as_of() -> Column[object]:
    """The end of the last day up to which all days were published when the row was."""
    return Column(
        "as_of",
        INSTANT,
        nullable=False,
        comment="Since when the row stands as it is; it holds as of the last as_of of course_window as well.",
    )
