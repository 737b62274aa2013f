"""What one request has to store."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from analytics_pipeline.ingest.intake import DayPayload
from analytics_pipeline.ingest.quarantine import QuarantinedEvent


class Submission(Struct, frozen=True):
    """One request's rows for the inbox and for the quarantine, and the size of the body that they came in."""

    received_at: datetime
    body_bytes: int
    days: Sequence[DayPayload]
    quarantine: Sequence[QuarantinedEvent]
