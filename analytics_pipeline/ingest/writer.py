"""Group commit: requests that arrive while a commit is under way share the next one."""

import asyncio
import time
from collections import deque

from msgspec import Struct

from analytics_pipeline.ingest.connection import (
    AWAY_ERRORS,
    Connect,
    Connection,
    DatabaseAwayError,
    away_code,
)
from analytics_pipeline.ingest.metrics import Metrics
from analytics_pipeline.ingest.submission import Submission
from analytics_pipeline.logs import logger

GROUP_BYTES = 8 * 2**20
COMMIT_SECONDS = 12.0

_COPY_INBOX = "COPY ingest.inbox (day, received_at, events, payload) FROM STDIN (FORMAT BINARY)"
_QUARANTINE = """
    INSERT INTO ingest.quarantine
        (id, received_at, day, key_id, skew_us, event_id, course_id, event_type, reason, body)
    SELECT * FROM unnest(%b::text[], %b::timestamptz[], %b::date[], %b::text[], %b::int8[], %b::text[],
                         %b::text[], %b::text[], %b::text[], %b::bytea[])
    ON CONFLICT DO NOTHING
"""


class _Waiting(Struct):
    submission: Submission
    stored: asyncio.Future[None]


class Writer:
    """Stores submissions, all that wait in one transaction, and tells each when it is committed."""

    def __init__(self, connect: Connect, metrics: Metrics) -> None:
        self._connect = connect
        self._metrics = metrics
        self._waiting: deque[_Waiting] = deque()
        self._awake = asyncio.Event()
        self._closing = False
        self._turned_away = 0
        self._connection: Connection | None = None

    async def store(self, submission: Submission) -> None:
        """Return when `submission` is durable; DatabaseAwayError when it may not be."""
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(submission, stored))
        self._awake.set()
        await stored

    async def run(self) -> None:
        """Commit group after group, until `close` was called and nothing waits."""
        while True:
            await self._awake.wait()
            group = self._next_group()
            if group:
                await self._store_group(group)
            elif self._closing:
                break
            else:
                self._awake.clear()
        await self._drop_connection()

    def close(self) -> None:
        """Let `run` end once everything that waits is stored."""
        self._closing = True
        self._awake.set()

    def _next_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        size = 0
        while self._waiting and size < GROUP_BYTES:
            waiting = self._waiting.popleft()
            size += sum(len(day.payload) for day in waiting.submission.days)
            group.append(waiting)
        return group

    async def _store_group(self, group: list[_Waiting]) -> None:
        started = time.perf_counter()
        submissions = [waiting.submission for waiting in group]
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                await self._commit(submissions)
        except Exception as error:  # a group that fails, for whatever reason, must not end the writer
            await self._turn_away(group, error)
            return
        self._metrics.committed(submissions, time.perf_counter() - started, len(self._waiting))
        if self._turned_away:
            logger.info("commits_resume", requests_turned_away=self._turned_away)
            self._turned_away = 0
        for waiting in group:
            if not waiting.stored.done():
                waiting.stored.set_result(None)

    async def _turn_away(self, group: list[_Waiting], error: Exception) -> None:
        self._metrics.commit_failed(len(self._waiting))
        if not self._turned_away:
            logger.warning("commits_fail", code=away_code(error))
        self._turned_away += len(group)
        await self._drop_connection()
        for waiting in group:
            if not waiting.stored.done():
                away = isinstance(error, AWAY_ERRORS)
                waiting.stored.set_exception(
                    DatabaseAwayError() if away else RuntimeError(type(error).__name__)
                )

    async def _commit(self, submissions: list[Submission]) -> None:
        if self._connection is None:
            self._connection = await self._connect()
        if any(submission.quarantine for submission in submissions):
            async with self._connection.transaction():
                await _copy_inbox(self._connection, submissions)
                await _insert_quarantine(self._connection, submissions)
        else:
            await _copy_inbox(self._connection, submissions)

    async def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


async def _copy_inbox(connection: Connection, submissions: list[Submission]) -> None:
    """One statement, and so one transaction of its own where none is open."""
    async with connection.cursor() as cursor, cursor.copy(_COPY_INBOX) as copy:
        copy.set_types(["date", "timestamptz", "int4", "bytea"])
        for submission in submissions:
            for day, events, payload in submission.days:
                await copy.write_row((day, submission.received_at, events, payload))


async def _insert_quarantine(connection: Connection, submissions: list[Submission]) -> None:
    """One statement, in the order of the ids: workers that store the same rejections wait, never deadlock."""
    rows = sorted(
        (
            row.id,
            submission.received_at,
            *row.arrival,
            row.event_id,
            row.course_id,
            row.event_type,
            row.reason,
            row.body,
        )
        for submission in submissions
        for row in submission.quarantine
    )
    await connection.execute(_QUARANTINE, [list(column) for column in zip(*rows, strict=True)])
