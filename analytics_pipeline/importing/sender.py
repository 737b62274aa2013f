"""Sends many events through the HTTP endpoint, as fast as the ingest service takes them."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count

import msgspec

from analytics_pipeline.delivery import (
    ENVELOPE_BYTES,
    Answer,
    Delivery,
    NotNowError,
    RefusedError,
    body_of,
    wait_before,
)
from analytics_pipeline.endpoint import MAX_BODY_BYTES, MAX_EVENTS

CONNECTIONS = 4
TOO_LARGE = "larger than a request may be"


class SendError(Exception):
    """The events could not all be sent; the message is one sentence. Those accepted stay accepted."""


@dataclass(frozen=True)
class SendSummary:
    """What became of the events: how many were accepted, how many rejected and why, in how many requests."""

    accepted: int
    rejected: int
    requests: int
    reasons: Mapping[str, int] = field(default_factory=dict)


Progress = Callable[[int], None]


def send(
    events: Iterable[Mapping[str, object] | bytes],
    url: str,
    key: str,
    *,
    batch: int = MAX_EVENTS,
    progress: Progress | None = None,
    give_up_after: float = 300.0,
) -> SendSummary:
    """Send wire events (as mappings, or as JSON) to the ingest service at `url`, `batch` to a request.

    Requests go out over a few connections; a few more wait at a time, so that memory stays small however
    many events there are. A request that the network or the service held up is repeated for `give_up_after`
    seconds; sending the same events again later changes nothing. `progress` is told the number of events
    answered so far, from the calling thread. Raises SendError.
    """
    if not 1 <= batch <= MAX_EVENTS:
        raise ValueError(f"a request holds 1 to {MAX_EVENTS} events, not {batch}")
    stop = threading.Event()
    tally = _Tally(progress)
    with Delivery(url, key, connections=CONNECTIONS) as delivery, ThreadPoolExecutor(CONNECTIONS) as threads:
        waiting: deque[Future[Answer]] = deque()
        try:
            for body in _bodies(events, batch, tally):
                if len(waiting) >= 2 * CONNECTIONS:
                    tally.add(waiting.popleft().result())
                waiting.append(threads.submit(_deliver, delivery, body, stop, give_up_after))
            while waiting:
                tally.add(waiting.popleft().result())
        finally:
            stop.set()
            threads.shutdown(cancel_futures=True)
    return tally.summary()


class _Tally:
    """Adds up answers."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._accepted = 0
        self._requests = 0
        self._reasons: Counter[str] = Counter()

    def add(self, answer: Answer) -> None:
        self._requests += 1
        self._accepted += answer.accepted
        self._reasons.update(rejection.reason for rejection in answer.rejected)
        if self._progress is not None:
            self._progress(self._accepted + self._reasons.total())

    def leave_out(self, reason: str) -> None:
        self._reasons[reason] += 1

    def summary(self) -> SendSummary:
        return SendSummary(self._accepted, self._reasons.total(), self._requests, dict(self._reasons))


def _bodies(events: Iterable[Mapping[str, object] | bytes], batch: int, tally: _Tally) -> Iterator[bytes]:
    """Bodies of at most `batch` events and of the size that the service takes."""
    encode = msgspec.json.Encoder().encode
    room = MAX_BODY_BYTES - ENVELOPE_BYTES
    part: list[bytes] = []
    size = 0
    for event in events:
        text = event if isinstance(event, bytes) else encode(event)
        length = len(text) + 1
        if length > room:
            tally.leave_out(TOO_LARGE)
            continue
        if len(part) == batch or size + length > room:
            yield body_of(part)
            part, size = [], 0
        part.append(text)
        size += length
    if part:
        yield body_of(part)


def _deliver(delivery: Delivery, body: bytes, stop: threading.Event, give_up_after: float) -> Answer:
    """Try until the service answers; SendError when it refuses, or has not answered for too long."""
    give_up_at = time.monotonic() + give_up_after
    for attempt in count():
        try:
            return delivery.attempt(body)
        except RefusedError as error:
            raise SendError(str(error)) from error
        except NotNowError as error:
            wait = wait_before(attempt, error.retry_after)
            if time.monotonic() + wait > give_up_at:
                raise SendError(
                    f"{delivery.url} took no events for {give_up_after:.0f} s ({error});"
                    " when it answers again, send the same once more: nothing is counted twice."
                ) from error
            if stop.wait(wait):
                raise SendError("The sending was stopped.") from error
    raise AssertionError("unreachable")
