"""What the ingest service is measured against: two plain services for the same requests.

`insert`: FastAPI, pydantic, one INSERT per event in one transaction per request.
`copy`: validation and group commit like ours, one COPY row per event.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
import psycopg
from fastapi import FastAPI
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from granian.server import Server
from psycopg.types.json import Jsonb
from pydantic import BaseModel, Field

from analytics_pipeline.events import StoredEvent
from analytics_pipeline.ingest.answers import Receive, Scope, Send, send_json
from analytics_pipeline.ingest.body import Memory, read_body
from analytics_pipeline.ingest.connection import Connection, connector
from analytics_pipeline.ingest.envelope import read
from analytics_pipeline.ingest.intake import Intake, Reception
from analytics_pipeline.ingest.metrics import Metrics
from analytics_pipeline.ingest.rules import rules_of
from analytics_pipeline.ingest.submission import Submission
from analytics_pipeline.ingest.writer import Writer
from analytics_pipeline.instants import microseconds
from analytics_pipeline.settings import Settings, load_settings

EVENT_PATH = "/api/analytics/event"
CONNECTIONS = 8

CREATE_TABLES = """
    CREATE SCHEMA bench;
    CREATE TABLE bench.event (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        event_id text NOT NULL, event_type text NOT NULL, learner_id text, course_id text, lesson_idx int,
        metadata jsonb NOT NULL, occurred_at timestamptz NOT NULL, received_at timestamptz NOT NULL
    );
    GRANT USAGE ON SCHEMA bench TO analytics_ingest;
    GRANT INSERT ON bench.event TO analytics_ingest;
"""
INSERT = """
    INSERT INTO bench.event
        (event_id, event_type, learner_id, course_id, lesson_idx, metadata, occurred_at, received_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
COPY = """
    COPY bench.event
        (event_id, event_type, learner_id, course_id, lesson_idx, metadata, occurred_at, received_at)
    FROM STDIN (FORMAT BINARY)
"""
TYPES = ["text", "text", "text", "text", "int4", "jsonb", "timestamptz", "timestamptz"]


class PlainEvent(BaseModel):
    """An event as pydantic checks it."""

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    eventType: Literal["lesson_viewed", "lesson_time", "lesson_completed", "quiz_attempted"]  # noqa: N815
    userId: str | None = Field(None, min_length=1, max_length=200)  # noqa: N815
    courseId: str | None = Field(None, min_length=1, max_length=200)  # noqa: N815
    lessonIdx: int | None = Field(None, ge=0, le=100_000)  # noqa: N815
    createdAt: datetime  # noqa: N815
    metadata: dict[str, Any] = {}


class PlainBatch(BaseModel):
    """A batch as pydantic checks it."""

    events: list[PlainEvent]
    sentAt: datetime | None = None  # noqa: N815


def insert_app(settings: Settings) -> FastAPI:
    """FastAPI, pydantic, one INSERT per event."""
    idle: asyncio.Queue[Connection] = asyncio.Queue()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        for _ in range(CONNECTIONS):
            idle.put_nowait(await connector(settings)())
        yield

    app = FastAPI(lifespan=lifespan)

    @app.post(EVENT_PATH, status_code=202)
    async def post(batch: PlainBatch) -> dict[str, int]:
        received_at = datetime.now(UTC)
        connection = await idle.get()
        try:
            async with connection.transaction(), connection.cursor() as cursor:
                for event in batch.events:
                    await cursor.execute(INSERT, _row(event, received_at))
        finally:
            idle.put_nowait(connection)
        return {"accepted": len(batch.events)}

    return app


def _row(event: PlainEvent, received_at: datetime) -> tuple[object, ...]:
    place = (event.userId, event.courseId, event.lessonIdx)
    return (event.id, event.eventType, *place, Jsonb(event.metadata), event.createdAt, received_at)


class RowSubmission(Submission, frozen=True):
    """What one request has to store, event by event."""

    events: list[StoredEvent]


class RowWriter(Writer):
    """Group commit like ours, with a COPY row for every event."""

    async def _commit(self, submissions: list[Submission]) -> None:
        if self._connection is None:
            self._connection = await self._connect()
        async with self._connection.cursor() as cursor, cursor.copy(COPY) as copy:
            copy.set_types(TYPES)
            for submission in submissions:
                assert isinstance(submission, RowSubmission)
                for event in submission.events:
                    await copy.write_row(_copied(event, submission.received_at))


def _copied(event: StoredEvent, received_at: datetime) -> tuple[object, ...]:
    occurred_at = datetime.fromtimestamp(event.occurred_at / 1_000_000, UTC)
    place = (event.learner_id, event.course_id, event.lesson_idx)
    return (event.event_id, event.event_type.value, *place, Jsonb(event.metadata), occurred_at, received_at)


def copy_app(settings: Settings) -> Any:
    """Validation and group commit like ours, one COPY row per event."""
    rules, memory = rules_of(settings), Memory(settings.ingest_bytes_in_flight)
    writer = RowWriter(connector(settings), Metrics())
    psycopg.types.json.set_json_dumps(msgspec.json.encode)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send, writer)
        elif scope["path"] != EVENT_PATH:
            await send_json(send, 200, {})
        else:
            with memory.hold() as held:
                body = await read_body(receive, held, None)
                received_at = datetime.now(UTC)
                events, sent_at = read(body)
                reception = Reception("bench", microseconds(received_at))
                intake = Intake(reception, sent_at, rules, look_for_nul=False, measure=False)
                for event in events:
                    assert not isinstance(event, msgspec.Raw)
                    intake.take(event)
                rows = [event for day in intake.taken.values() for event in day]
                await writer.store(RowSubmission(received_at, len(body), [], [], rows))
            await send_json(send, 202, {"accepted": len(rows)})

    return app


async def _live(receive: Receive, send: Send, writer: Writer) -> None:
    writing: asyncio.Task[None] | None = None
    while True:
        message: MutableMapping[str, Any] = await receive()
        if message["type"] == "lifespan.startup":
            writing = asyncio.create_task(writer.run())
            await send({"type": "lifespan.startup.complete"})
        else:
            writer.close()
            if writing is not None:
                await writing
            await send({"type": "lifespan.shutdown.complete"})
            return


def main() -> None:
    """Serve the reference that is named, with the settings of the environment, like the ingest service."""
    settings = load_settings()
    app = {"insert": insert_app, "copy": copy_app}[sys.argv[1]]
    server = Server(
        "reference",
        address=settings.bind,
        port=settings.ingest_port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=False,
        runtime_mode=RuntimeModes.st,
        log_enabled=False,
    )
    server.serve(target_loader=lambda: app(settings), wrap_loader=False)


if __name__ == "__main__":
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    main()
