"""How much of what a key sends wrongly is kept, so that nobody can fill the disk with it."""

import time
from collections.abc import Sequence

from analytics_pipeline.ingest.limits import Buckets
from analytics_pipeline.ingest.quarantine import QuarantinedEvent

BYTES_PER_SECOND = 4096
BURST_SECONDS = 4 * 3600.0
ROW_BYTES = 300


class Allowance:
    """The quarantine that each key may still fill, in one worker: 56 MiB at once, 337 MiB a day."""

    def __init__(self) -> None:
        self._buckets = Buckets(BURST_SECONDS)

    def keep(self, key_id: str, rejected: Sequence[QuarantinedEvent]) -> Sequence[QuarantinedEvent]:
        """What of one request is kept: all of it, or nothing while the key has spent its allowance."""
        now = time.monotonic()
        if self._buckets.wait(key_id, now):
            return []
        size = sum(len(event.body) + ROW_BYTES for event in rejected)
        self._buckets.spend(key_id, size, BYTES_PER_SECOND, now)
        return rejected
