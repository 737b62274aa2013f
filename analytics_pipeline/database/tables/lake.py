"""The lake's catalogue."""

from sqlalchemy import BigInteger, Column, Date, Identity, Table, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY

from analytics_pipeline.database.tables.columns import EVENT_TYPE, INSTANT, count, metadata

lake_day = Table(
    "lake_day",
    metadata,
    Column("day", Date, primary_key=True, comment="Site day."),
    Column(
        "version", BigInteger, nullable=False, comment="Raised by every seal that changed the day's events."
    ),
    Column("files", ARRAY(Text), nullable=False, comment="Event files of the day, relative to the lake."),
    count("events", "Events of the day; of a pruned one, how many there were."),
    count("bytes", "Size of these files."),
    count("duplicates", "Events left out so far because the day or a neighbour held them already."),
    Column(
        "learner_files",
        ARRAY(Text),
        nullable=False,
        comment="Learner-day files, relative to the lake; of the last frozen day: what all of them carry on.",
    ),
    Column("learner_version", BigInteger, comment="The version that the learner-day files were built from."),
    Column("published_version", BigInteger, comment="The version that the published tables rest on."),
    Column("reconciled_at", INSTANT, comment="When sealed events and published counts were found equal."),
    Column("learner_definition", Text, comment="Hash of the SQL that made the learner-day files."),
    Column("published_definition", Text, comment="Hash of the SQL that made the published rows of the day."),
    Column(
        "pruned_at",
        INSTANT,
        comment="When the raw files were removed; such a day is sealed and published no more.",
    ),
    Column(
        "frozen_at",
        INSTANT,
        comment="When its learner days were removed; rows of this and earlier cohort days stay as they are.",
    ),
    schema="analytics",
    comment="The lake's catalogue: which files hold a day. Readers take files from here, never from a glob.",
)

duplicate_count = Table(
    "duplicate_count",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Surrogate."),
    Column("day", Date, nullable=False, comment="Site day."),
    Column("course_id", Text, comment="Course; null for events without one."),
    Column("event_type", EVENT_TYPE, nullable=False, comment="Event type."),
    count("duplicates", "Events left out at sealing because their id was held already."),
    UniqueConstraint("day", "course_id", "event_type", postgresql_nulls_not_distinct=True),
    schema="analytics",
    comment="Repeated deliveries found at sealing, taken into event_day when the day is published next.",
)

quarantine_count = Table(
    "quarantine_count",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Surrogate."),
    Column("day", Date, nullable=False, comment="Site day."),
    Column("course_id", Text, comment="Course; null for events without one."),
    Column("event_type", EVENT_TYPE, comment="Event type; null for events of an unknown type."),
    count("conflicts", "Events that were in quarantine because their id was taken by another event."),
    count("rejected", "Events that were in quarantine for any other reason."),
    UniqueConstraint("day", "course_id", "event_type", postgresql_nulls_not_distinct=True),
    schema="analytics",
    comment="Events pruned from quarantine, so that event_day counts them still.",
)
