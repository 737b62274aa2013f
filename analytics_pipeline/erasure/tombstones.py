"""Keeps events of erased learners out of the lake: checked by who reads the inbox, never by who fills it.

The ingest service may read nothing, so it accepts what a client sends again; it goes when it is sealed.
"""

from collections import Counter
from functools import lru_cache

import msgspec
from msgspec import Struct
from psycopg import Connection

from analytics_pipeline.erasure.key import erasure_key, key_id, learner_hash
from analytics_pipeline.settings import Settings, WrongSettingError

_READ = "SELECT learner_hash, key_id FROM analytics.tombstone"
_COUNT = "UPDATE analytics.tombstone SET kept_out = kept_out + %s WHERE learner_hash = %s"


class _Learner(Struct):
    learner_id: str | None = None


_LEARNER = msgspec.json.Decoder(_Learner)


class Tombstones:
    """The learners who were erased, by hash."""

    def __init__(self, hashes: frozenset[str] = frozenset(), key: str = "") -> None:
        self._hashes = hashes
        self._hash_of = lru_cache(65_536)(lambda learner_id: learner_hash(key, learner_id))

    def __bool__(self) -> bool:
        return bool(self._hashes)

    def hash_of(self, learner_id: str | None) -> str | None:
        """The learner's hash, if the learner was erased."""
        if learner_id is None:
            return None
        hashed = self._hash_of(learner_id)
        return hashed if hashed in self._hashes else None

    def keep_out(self, payload: bytes, counts: Counter[str] | None = None) -> bytes:
        """The payload of an inbox row without lines of erased learners; `counts` is told whose they were.

        A line that cannot be read stays, for the seal to find.
        """
        if not self._hashes:
            return payload
        kept = []
        for line in payload.splitlines(keepends=True):
            try:
                hashed = self.hash_of(_LEARNER.decode(line).learner_id)
            except (msgspec.DecodeError, UnicodeDecodeError):
                hashed = None
            if hashed is None:
                kept.append(line)
            elif counts is not None:
                counts[hashed] += 1
        return b"".join(kept)


def read_tombstones(connection: Connection, settings: Settings) -> Tombstones:
    """The learners who were erased. Raises WrongSettingError when they were hashed under another key."""
    rows = connection.execute(_READ).fetchall()
    if not rows:
        return Tombstones()
    key = erasure_key(settings)
    strangers = sum(key is None or made_with != key_id(key) for _, made_with in rows)
    if key is None or strangers:
        raise WrongSettingError(
            f"{strangers} learners were erased under a key that is not the one of ANALYTICS_ERASURE_KEY or "
            f"{settings.home / 'secrets' / 'erasure_key'}, so their events could come back: restore that key."
        )
    return Tombstones(frozenset(hashed for hashed, _ in rows), key)


def count_kept_out(connection: Connection, counts: Counter[str]) -> None:
    """Add to what was kept out of each erased learner, within the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.executemany(_COUNT, [(events, hashed) for hashed, events in counts.items()])
