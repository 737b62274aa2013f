"""Events that wait in memory to be sent: bounded, counted, shared by those who put and the one who takes."""

import threading
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Counts:
    """What became of the events so far.

    `rejected`: the service will not have them, or they are no events. `dropped`: they were never sent,
    because the queue was full or the client closed. `pending`: waiting, or on their way.
    """

    accepted: int
    rejected: int
    dropped: int
    pending: int


class Outbox:
    """A queue of at most `capacity` events, those on their way included. One thread takes at a time."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._changed = threading.Condition()
        self._queue: deque[bytes] = deque()
        self._under_way = 0
        self._hurries = 0
        self._closed = False
        self._accepted = self._rejected = self._dropped = 0
        self.abandoned = threading.Event()

    def put(self, event: bytes) -> bool:
        """Add an event; False when there is no room or the box is closed: then it counts as dropped."""
        with self._changed:
            if self._closed or self._pending >= self._capacity:
                self._dropped += 1
                return False
            self._queue.append(event)
            self._changed.notify_all()
            return True

    def take(self, most: int, most_bytes: int, longest_wait: float) -> list[bytes] | None:
        """The oldest events, at least one; None when the box is closed and empty.

        Waits until there is one, then up to `longest_wait` seconds for `most` of them. Together they have
        at most `most_bytes`, unless the first alone has more. They are under way until `settle`.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closed)
            if not self._queue:
                return None
            self._changed.wait_for(
                lambda: len(self._queue) >= most or self._hurries or self._closed, longest_wait
            )
            taken = [self._queue.popleft()]
            size = len(taken[0])
            while self._queue and len(taken) < most and size + len(self._queue[0]) + 1 <= most_bytes:
                taken.append(self._queue.popleft())
                size += len(taken[-1]) + 1
            self._under_way = len(taken)
            return taken

    def settle(self, accepted: int, rejected: int) -> None:
        """The events that were taken have had their answer."""
        with self._changed:
            if not self.abandoned.is_set():
                self._under_way = 0
                self._accepted += accepted
                self._rejected += rejected
            self._changed.notify_all()

    def reject(self) -> None:
        """Count an event that could not even be written."""
        with self._changed:
            self._rejected += 1

    def flush(self, timeout: float | None) -> bool:
        """Have everything sent without waiting for more; whether all had its answer within `timeout`."""
        with self._changed:
            self._hurries += 1
            self._changed.notify_all()
            try:
                return self._changed.wait_for(lambda: self._pending == 0, timeout)
            finally:
                self._hurries -= 1

    def close(self) -> None:
        """Take no more events; what is there can still be taken out."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def abandon(self) -> int:
        """Give up what is pending, count it as dropped, and return how many events that is."""
        with self._changed:
            given_up = self._pending
            self.abandoned.set()
            self._dropped += given_up
            self._queue.clear()
            self._under_way = 0
            self._changed.notify_all()
            return given_up

    def counts(self) -> Counts:
        """The counts of this moment."""
        with self._changed:
            return Counts(self._accepted, self._rejected, self._dropped, self._pending)

    @property
    def _pending(self) -> int:
        return len(self._queue) + self._under_way
