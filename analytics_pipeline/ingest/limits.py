"""Token buckets, kept as one number each: how fast a key or an address may send events."""

BURST_SECONDS = 10.0
MAX_BUCKETS = 100_000


class Buckets:
    """One bucket per name. It holds what flows in within BURST_SECONDS.

    A request is let in while its bucket is not in debt and then pays for its events, so that a batch is never
    refused for its size. A bucket is kept as the time at which it will be full again.
    """

    def __init__(self) -> None:
        self._full_at: dict[str, float] = {}

    def wait(self, name: str, now: float) -> float:
        """Seconds until `name` may send; 0 when it may now."""
        return max(0.0, self._full_at.get(name, now) - now - BURST_SECONDS)

    def spend(self, name: str, events: int, events_per_second: float, now: float) -> None:
        """Take `events` out of the bucket of `name`."""
        if name not in self._full_at and len(self._full_at) >= MAX_BUCKETS:
            self._forget(now)
        self._full_at[name] = max(now, self._full_at.get(name, now)) + events / events_per_second

    def _forget(self, now: float) -> None:
        """Drop the buckets that are full; if all are in use, the half that was used first."""
        in_use = [(name, full_at) for name, full_at in self._full_at.items() if full_at > now]
        self._full_at = dict(in_use if len(in_use) < MAX_BUCKETS else in_use[MAX_BUCKETS // 2 :])
