"""Who was erased, by hash, and the receipts."""

from sqlalchemy import Column, Date, ForeignKey, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from analytics_pipeline.database.tables.columns import INSTANT, count, metadata

erasure = Table(
    "erasure",
    metadata,
    Column("id", Text, primary_key=True, comment="Public name of the erasure, on its receipt."),
    Column("started_at", INSTANT, nullable=False, comment="When it was asked for last."),
    Column("finished_at", INSTANT, comment="When everything within reach was gone; null while it is not."),
    count("events", "Events removed from the lake."),
    Column("days", ARRAY(Date), nullable=False, comment="Site days that lost any of them."),
    count("quarantined", "Rows removed from the quarantine."),
    Column("unreached", ARRAY(Text), nullable=False, comment="What it could not reach, a sentence each."),
    schema="analytics",
    comment="Receipts of erasures; they name no learner.",
)

tombstone = Table(
    "tombstone",
    metadata,
    Column("learner_hash", Text, primary_key=True, comment="HMAC-SHA256 of the learner id, in hex."),
    Column("key_id", Text, nullable=False, comment="Which key the hash was made with."),
    Column(
        "erasure_id",
        Text,
        ForeignKey("analytics.erasure.id"),
        nullable=False,
        comment="The erasure that made it.",
    ),
    count("kept_out", "Events of the learner found in the inbox and kept out of the lake."),
    schema="analytics",
    comment="Learners who were erased: events that are sent again stay out of the lake.",
)
