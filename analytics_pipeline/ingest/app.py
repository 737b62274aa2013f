"""The ingest service as an ASGI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from analytics_pipeline.endpoint import EVENT_PATH
from analytics_pipeline.ingest.answers import Receive, Scope, Send
from analytics_pipeline.ingest.connection import DatabaseAwayError, connector
from analytics_pipeline.ingest.door import Door
from analytics_pipeline.ingest.keyring import KeyRing
from analytics_pipeline.ingest.metrics import Metrics
from analytics_pipeline.ingest.openapi import openapi
from analytics_pipeline.ingest.rules import rules_of
from analytics_pipeline.ingest.writer import Writer
from analytics_pipeline.settings import Settings

EMITTER = Path(__file__).with_name("emitter.js")


def create_app(settings: Settings) -> ASGIApp:
    """The service for one worker process: events by the short way, everything else by Starlette.

    It starts without a database and says 503 until there is one.
    """
    metrics = Metrics()
    connect = connector(settings)
    keys, writer = KeyRing(connect), Writer(connect, metrics)
    door = Door(settings, rules_of(settings), keys, writer, metrics)
    rest = _status_app(keys, writer, metrics)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == EVENT_PATH and scope["method"] in {"POST", "OPTIONS"}:
            await door(scope, receive, send)
        else:
            await rest(scope, receive, send)

    return app


def _status_app(keys: KeyRing, writer: Writer, metrics: Metrics) -> Starlette:
    async def readyz(_request: Request) -> Response:
        try:
            await keys.refresh()
        except DatabaseAwayError:
            return JSONResponse({"ready": False, "away": ["database"]}, 503, {"retry-after": "2"})
        return JSONResponse({"ready": True, "away": []})

    async def exposition(_request: Request) -> Response:
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4")

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        looking, writing = asyncio.create_task(keys.keep_fresh()), asyncio.create_task(writer.run())
        yield
        writer.close()
        await writing
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
        await keys.close()

    app = Starlette(
        routes=[
            Route("/healthz", _healthz),
            Route("/readyz", readyz),
            Route("/metrics", exposition),
            Route("/openapi.json", _document),
            Route("/emitter.js", _emitter),
            Route(EVENT_PATH, _event_method, methods=["GET", "HEAD", "PUT", "PATCH", "DELETE"]),
        ],
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


async def _healthz(_request: Request) -> Response:
    return JSONResponse({"alive": True})


async def _document(_request: Request) -> Response:
    return JSONResponse(openapi())


async def _event_method(_request: Request) -> Response:
    return JSONResponse({"error": "Send events with POST."}, 405, {"allow": "POST, OPTIONS"})


async def _emitter(_request: Request) -> Response:
    # A module of another origin is fetched with CORS; it holds no secret, so every page may have it.
    headers = {"access-control-allow-origin": "*", "cache-control": "public, max-age=3600"}
    return Response(EMITTER.read_bytes(), media_type="text/javascript", headers=headers)
