"""What the ingest service writes and reads."""

from sqlalchemy import BigInteger, Column, Date, Identity, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from analytics_pipeline.database.tables.columns import INSTANT, metadata

inbox = Table(
    "inbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Order of arrival."),
    Column("day", Date, nullable=False, index=True, comment="Site day of the events in this row."),
    Column("received_at", INSTANT, nullable=False, comment="When the batch was received."),
    Column("events", Integer, nullable=False, comment="How many events the payload holds."),
    Column("payload", LargeBinary, nullable=False, comment="The events as NDJSON, one stored event a line."),
    schema="ingest",
    comment="Accepted events that are not sealed yet: one row per batch and event day.",
)

quarantine = Table(
    "quarantine",
    metadata,
    Column(
        "id", Text, primary_key=True, comment="SHA-256 of reason and body: the same rejection is kept once."
    ),
    Column("received_at", INSTANT, nullable=False, comment="When the event was received."),
    Column("day", Date, nullable=False, index=True, comment="Site day of the event, else of its reception."),
    Column("event_id", Text, comment="The id that the event gave, if it gave one."),
    Column("course_id", Text, comment="The course that the event named, if it named one."),
    Column("event_type", Text, comment="The type that the event gave, known or not."),
    Column(
        "reason",
        Text,
        nullable=False,
        comment="Why; `conflict`: its id was taken, `unknown_order`: a refund of no order.",
    ),
    Column("body", LargeBinary, nullable=False, comment="The event as it came."),
    Column("key_id", Text, comment="The write key that it came with; null for a conflict found at sealing."),
    Column(
        "skew_us",
        BigInteger,
        nullable=False,
        server_default="0",
        comment="Microseconds by which the client's clock was corrected when it came.",
    ),
    schema="ingest",
    comment="Events that were rejected, kept to be inspected and replayed.",
)

write_key = Table(
    "write_key",
    metadata,
    Column("id", Text, primary_key=True, comment="Public name of the key, for revoking it."),
    Column("key_hash", Text, nullable=False, unique=True, comment="SHA-256 of the key."),
    Column("client", Text, nullable=False, comment="Who uses the key."),
    Column(
        "origins", ARRAY(Text), nullable=False, comment="Web origins that may use it; empty: servers only."
    ),
    Column("events_per_second", Integer, comment="How fast it may send, per worker; null: no limit."),
    Column("created_at", INSTANT, nullable=False, comment="When the key was made."),
    Column("revoked_at", INSTANT, comment="When the key ceased to work."),
    schema="ingest",
    comment="Write keys of the clients that send events; only hashes are kept.",
)
