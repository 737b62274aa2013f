"""How fast a key or an address may send events, in one worker process."""

import time
from http import HTTPStatus

from analytics_pipeline.ingest.answers import RefusedError
from analytics_pipeline.ingest.keyring import Key
from analytics_pipeline.ingest.request import Head, client_address

BURST_SECONDS = 10.0
MAX_BUCKETS = 100_000


Payers = list[tuple[str, int]]
"""The buckets that a request pays into, by name, with how many events flow into each per second."""


class Limits:
    """The limits of keys that have one and, for keys of web pages, of addresses.

    A server's key is not limited by address: its events all come from one.
    """

    def __init__(self, address_limit: int | None, proxies: int) -> None:
        self._address_limit = address_limit
        self._proxies = proxies
        self._buckets = Buckets(BURST_SECONDS)

    def payers(self, key: Key, head: Head) -> Payers:
        """The buckets of one request."""
        payers: Payers = []
        if key.events_per_second is not None:
            payers.append((key.id, key.events_per_second))
        if key.origins and self._address_limit is not None:
            payers.append((client_address(head, self._proxies), self._address_limit))
        return payers

    def check(self, payers: Payers) -> None:
        """RefusedError 429, with the seconds to wait, while one of the buckets is in debt."""
        now = time.monotonic()
        wait = max((self._buckets.wait(name, now) for name, _ in payers), default=0.0)
        if wait > 0:
            raise RefusedError(
                HTTPStatus.TOO_MANY_REQUESTS, "too_fast", "Too many events; send slower.", wait
            )

    def spend(self, payers: Payers, events: int) -> None:
        """Take `events` out of each bucket."""
        for name, rate in payers:
            self._buckets.spend(name, events, rate, time.monotonic())


class Buckets:
    """Token buckets by name, kept as one number each. It holds what flows in within `burst_seconds`.

    A request is let in while its bucket is not in debt and then pays for its events, so that a batch is never
    refused for its size. A bucket is kept as the time at which it will be full again.
    """

    def __init__(self, burst_seconds: float) -> None:
        self._burst_seconds = burst_seconds
        self._full_at: dict[str, float] = {}

    def wait(self, name: str, now: float) -> float:
        """Seconds until `name` may send; 0 when it may now."""
        return max(0.0, self._full_at.get(name, now) - now - self._burst_seconds)

    def spend(self, name: str, amount: int, per_second: float, now: float) -> None:
        """Take `amount` out of the bucket of `name`, into which `per_second` flow."""
        if name not in self._full_at and len(self._full_at) >= MAX_BUCKETS:
            self._forget(now)
        self._full_at[name] = max(now, self._full_at.get(name, now)) + amount / per_second

    def _forget(self, now: float) -> None:
        """Drop the buckets that are full; if all are in use, the half that was used first."""
        in_use = [(name, full_at) for name, full_at in self._full_at.items() if full_at > now]
        self._full_at = dict(in_use if len(in_use) < MAX_BUCKETS else in_use[MAX_BUCKETS // 2 :])
