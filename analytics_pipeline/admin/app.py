"""The admin service as an ASGI application."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Thread
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy import text
from starlette.middleware.gzip import GZipMiddleware

from analytics_pipeline.admin.api import routes
from analytics_pipeline.admin.api.documents import add_examples
from analytics_pipeline.admin.api.kept import KeptAnswers
from analytics_pipeline.admin.auth.access import (
    FAILURES_AT_ONCE,
    FAILURES_PER_SECOND,
    REQUESTS_AT_ONCE,
    REQUESTS_PER_SECOND,
)
from analytics_pipeline.admin.auth.identity import Identities, provider_of
from analytics_pipeline.admin.auth.session_key import session_key
from analytics_pipeline.admin.auth.sessions import Sessions
from analytics_pipeline.admin.dashboard import courses_page, pages, runs_page, signing
from analytics_pipeline.admin.dashboard.drawing import load_renderer
from analytics_pipeline.admin.dashboard.rendering import STATIC
from analytics_pipeline.admin.errors import install_error_answers
from analytics_pipeline.admin.headers import SecurityHeaders
from analytics_pipeline.admin.limits import Limiter
from analytics_pipeline.admin.monitoring import exposition
from analytics_pipeline.admin.reading.database import Reader
from analytics_pipeline.admin.rules import rules_of
from analytics_pipeline.admin.service import Service, ServiceOf
from analytics_pipeline.database.urls import database_urls, sqlalchemy_url
from analytics_pipeline.settings import Settings

KEPT_BYTES = 64 * 2**20

DESCRIPTION = """Aggregates of learners' activity, for course teams. Every rate comes with its counts and its
95 % interval; groups of fewer than `minCell` learners are hidden; days are those of the site's time zone."""


class AdminApp(FastAPI):
    """FastAPI, with an example of every answer in its document."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        document = super().openapi()
        add_examples(document, routes.PREFIX)
        return document


def create_app(settings: Settings) -> FastAPI:
    """The application; it opens no connection before the first request that needs one."""
    service = _service(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # Meanwhile everything else is answered.
        Thread(target=_settle, daemon=True).start()
        yield
        service.reader.close()

    app = AdminApp(
        title="Learner analytics",
        description=DESCRIPTION,
        version="1",
        # FastAPI's own pages load their scripts from another host.
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/admin/openapi.json",
        lifespan=lifespan,
    )
    app.state.service = service
    install_error_answers(app)
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(SecurityHeaders)
    app.include_router(routes.router)
    app.include_router(signing.router)
    app.include_router(courses_page.router)
    app.include_router(pages.router)
    app.include_router(runs_page.router)
    app.include_router(exposition.router)
    app.add_exception_handler(signing.SignInNeededError, _to_sign_in)
    app.mount("/static", StaticFiles(directory=STATIC))
    app.add_api_route("/healthz", _healthz, include_in_schema=False)
    app.add_api_route("/readyz", _readyz, include_in_schema=False)
    return app


def _service(settings: Settings) -> Service:
    provider = provider_of(settings)
    return Service(
        reader=Reader(sqlalchemy_url(database_urls(settings).admin)),
        rules=rules_of(settings),
        sessions=Sessions(session_key(settings)),
        requests=Limiter(REQUESTS_PER_SECOND, REQUESTS_AT_ONCE),
        failures=Limiter(FAILURES_PER_SECOND, FAILURES_AT_ONCE),
        kept=KeptAnswers(KEPT_BYTES),
        identities=None if provider is None else Identities(provider),
        scrapes=Limiter(exposition.SCRAPES_PER_SECOND, exposition.SCRAPES_AT_ONCE),
    )


def _settle() -> None:
    """Load what is loaded once, and let the collector of garbage look at it no more.

    To look through all modules again and again held up every answer for 100 to 200 ms, each time.
    """
    load_renderer()
    gc.collect()
    gc.freeze()


def _to_sign_in(request: Request, _: Exception) -> Response:
    return signing.sign_in_redirect(request)


def _healthz() -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n")


def _readyz(service: ServiceOf) -> Response:
    """The database answers too."""
    with service.reader.snapshot() as connection:
        connection.execute(text("SELECT 1"))
    return PlainTextResponse("ok\n")
