"""The server client: a platform's backend says what a learner did, without waiting for anybody.

client = AnalyticsClient("http://127.0.0.1:8000", write_key)
client.track(EventType.ENROLL, user_id="u-17", course_id="clear-writing")
client.close()
"""

import atexit
import logging
import os
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import count
from types import TracebackType
from typing import Self
from uuid import uuid4

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
from analytics_pipeline.events import EventType
from analytics_pipeline.outbox import Counts, Outbox

_ROOM = MAX_BODY_BYTES - ENVELOPE_BYTES

logger = logging.getLogger(__name__)


class AnalyticsClient:
    """Sends events from a background thread, in order, at least once and with the same id at every attempt.

    An event is tried until the service has answered for it; one that it rejects is logged and given up.
    Safe to use from many threads, and in processes forked after it was made. At the end of the process what
    still waits is sent as by `close`.
    """

    def __init__(
        self, url: str, key: str, *, capacity: int = 10_000, batch: int = 100, longest_wait: float = 1.0
    ) -> None:
        """At most `capacity` events wait; they leave `batch` at a time, or after `longest_wait` seconds."""
        if not 1 <= batch <= MAX_EVENTS:
            raise ValueError(f"a request holds 1 to {MAX_EVENTS} events, not {batch}")
        if not key.isascii():
            raise ValueError("a write key has ASCII characters only")
        self._url, self._key = url, key
        self._capacity, self._batch, self._longest_wait = capacity, batch, longest_wait
        self._start_over()
        atexit.register(self.close)
        os.register_at_fork(after_in_child=_weakly(self._start_over))

    def _start_over(self) -> None:
        """Begin empty and unlocked: a fork may have copied locks that are held, and the parent's events."""
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._outbox = Outbox(self._capacity)

    def track(
        self,
        event_type: EventType,
        *,
        user_id: str | None = None,
        course_id: str | None = None,
        lesson_idx: int | None = None,
        metadata: Mapping[str, object] | None = None,
        created_at: datetime | None = None,
        event_id: str | None = None,
    ) -> str | None:
        """Take an event, by default of this moment; never waits and never raises.

        Returns its id, or None when it was not taken: the queue is full, the client closed, or what was
        given is no event. Give an `event_id` of your own (a UUID, or letters, digits, - and _) where the
        caller itself may repeat the call: it counts once.
        """
        event_id = event_id or str(uuid4())
        event = {
            "id": event_id,
            "eventType": event_type,
            "userId": user_id,
            "courseId": course_id,
            "lessonIdx": lesson_idx,
            "metadata": metadata,
            "createdAt": created_at or datetime.now(UTC),
        }
        try:
            text = msgspec.json.encode({name: value for name, value in event.items() if value is not None})
        except (TypeError, ValueError, RecursionError) as error:
            self._outbox.reject()
            logger.error("An event of type %s is not sent: %s.", event_type, error)  # noqa: TRY400
            return None
        if not self._outbox.put(text):
            return None
        self._ensure_thread()
        return event_id

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until every event taken so far has its answer; False when `timeout` seconds were too short."""
        return self._outbox.flush(timeout)

    def close(self, timeout: float = 10.0) -> bool:
        """Take no more events and send what waits; False when some had to be given up after `timeout` s."""
        atexit.unregister(self.close)
        self._outbox.close()
        if self._thread is not None:
            self._thread.join(timeout)
        given_up = self._outbox.abandon()
        if given_up:
            logger.error("%d events are lost: the ingest service took none for %.0f s.", given_up, timeout)
        return given_up == 0

    @property
    def counts(self) -> Counts:
        """What became of the events so far."""
        return self._outbox.counts()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ensure_thread(self) -> None:
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    # A daemon: it must not keep a process alive that has forgotten to close.
                    self._thread = threading.Thread(target=self._run, name="analytics-client", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        outbox = self._outbox
        with Delivery(self._url, self._key) as delivery:
            while (events := outbox.take(self._batch, _ROOM, self._longest_wait)) is not None:
                answer = self._deliver(delivery, events, outbox)
                if answer is None:
                    return
                outbox.settle(answer.accepted, len(events) - answer.accepted)

    def _deliver(self, delivery: Delivery, events: list[bytes], outbox: Outbox) -> Answer | None:
        """Try until the service answers; None when the outbox was abandoned meanwhile."""
        for attempt in count():
            try:
                answer = delivery.attempt(body_of(events, sent_at=datetime.now(UTC)))
            except RefusedError as error:
                logger.error("%d events are lost: %s", len(events), error)  # noqa: TRY400
                return Answer(0, [])
            except NotNowError as error:
                if attempt == 0:
                    logger.warning("%s takes no events now (%s); they wait.", self._url, error)
                if outbox.abandoned.wait(wait_before(attempt, error.retry_after)):
                    return None
            else:
                for reason, number in Counter(rejection.reason for rejection in answer.rejected).items():
                    logger.error("%d events were rejected: %s.", number, reason)
                return answer
        return None


def _weakly(method: Callable[[], None]) -> Callable[[], None]:
    """Call `method` while its object lives, without keeping it alive: fork handlers are never taken back."""
    reference = weakref.WeakMethod(method)

    def call() -> None:
        living = reference()
        if living is not None:
            living()

    return call
