"""Answers that are kept until the next publication."""

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock

from analytics_pipeline.admin.reading.publication import Publication


@dataclass(frozen=True)
class Body:
    """An answer as it is sent, and its ETag."""

    content: bytes
    etag: str


def body_of(content: bytes) -> Body:
    """The answer with an ETag by its content: a publication that changed nothing of it changes no ETag."""
    return Body(content, f'"{sha256(content).hexdigest()[:32]}"')


class KeptAnswers:
    """The answers of the last publication, up to `capacity` bytes of them, those asked for last.

    The key must name everything that an answer depends on beside the publication: address, query, courses.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = 0
        self._publication: Publication | None = None
        self._bodies: OrderedDict[object, Body] = OrderedDict()
        self._lock = Lock()

    def get(self, key: object, publication: Publication) -> Body | None:
        """The answer that was kept for `key` under this publication."""
        with self._lock:
            if publication != self._publication or key not in self._bodies:
                return None
            self._bodies.move_to_end(key)
            return self._bodies[key]

    def keep(self, key: object, publication: Publication, body: Body) -> None:
        """Keep an answer; those of another publication are forgotten."""
        with self._lock:
            if publication != self._publication:
                self._bodies.clear()
                self._size = 0
                self._publication = publication
            replaced = self._bodies.pop(key, None)
            self._bodies[key] = body
            self._size += len(body.content) - (len(replaced.content) if replaced else 0)
            while self._size > self._capacity:
                _, oldest = self._bodies.popitem(last=False)
                self._size -= len(oldest.content)
