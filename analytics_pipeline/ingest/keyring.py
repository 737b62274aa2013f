"""The write keys that work, in memory: checked on every request, read again every two seconds."""

import asyncio
import time
from contextlib import suppress
from typing import Any

from msgspec import Struct

from analytics_pipeline.ingest.connection import (
    AWAY_ERRORS,
    Connect,
    Connection,
    DatabaseAwayError,
    away_code,
)
from analytics_pipeline.ingest.keys import hash_of
from analytics_pipeline.logs import logger

FRESH_SECONDS = 2.0
AT_MOST_EVERY = 0.1
ANSWER_SECONDS = 3.0

_READ_KEYS = "SELECT id, key_hash, origins, events_per_second FROM ingest.write_key WHERE revoked_at IS NULL"


class Key(Struct, frozen=True):
    """A write key that works. Without origins it is for servers; a limit of None is none."""

    id: str
    origins: frozenset[str]
    events_per_second: int | None


class KeyRing:
    """The keys as of the last look, and whether the database answered it."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._keys: dict[str, Key] = {}
        self._lock = asyncio.Lock()
        self._read_at = self._failed_at = float("-inf")
        self._away = False

    async def find(self, key: str) -> Key | None:
        """The key, None when there is no such; DatabaseAwayError when that cannot be told."""
        digest = hash_of(key)
        if digest not in self._keys:
            await self.refresh()
        return self._keys.get(digest)

    def knows_origin(self, origin: str) -> bool:
        """Whether any key may be used from pages of `origin`, as of the last look."""
        return any(origin in key.origins for key in self._keys.values())

    async def refresh(self) -> None:
        """Look now; DatabaseAwayError when the database does not answer.

        Requests that ask at the same time share one look, so that unknown keys cannot become a load.
        """
        asked_at = time.monotonic()
        async with self._lock:
            if self._failed_at >= asked_at:
                raise DatabaseAwayError
            if self._read_at >= asked_at:
                return
            await asyncio.sleep(self._read_at + AT_MOST_EVERY - time.monotonic())
            started_at = time.monotonic()
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    self._keys = await self._read_keys()
            except AWAY_ERRORS as error:
                await self.close()
                self._say(away=True, code=away_code(error))
                self._failed_at = time.monotonic()
                raise DatabaseAwayError from error
            self._read_at = started_at
            self._say(away=False)

    async def keep_fresh(self) -> None:
        """Look every two seconds, until cancelled."""
        while True:
            with suppress(DatabaseAwayError):
                await self.refresh()
            await asyncio.sleep(FRESH_SECONDS)

    async def close(self) -> None:
        """Close the connection; the next look opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _read_keys(self) -> dict[str, Key]:
        if self._connection is None:
            self._connection = await self._connect()
        rows: list[Any] = await (await self._connection.execute(_READ_KEYS)).fetchall()
        return {digest: Key(key_id, frozenset(origins), limit) for key_id, digest, origins, limit in rows}

    def _say(self, *, away: bool, code: str | None = None) -> None:
        if away != self._away:
            self._away = away
            if away:
                logger.warning("database_away", code=code)
            else:
                logger.info("database_back")
