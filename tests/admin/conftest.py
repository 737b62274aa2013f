"""An admin service on a database of its own, and tokens for it."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy import create_engine

from analytics_pipeline.admin.app import create_app
from analytics_pipeline.admin.auth.tokens import create_token
from analytics_pipeline.admin.reading.publication import last_publication
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.admin.rules import rules_of
from analytics_pipeline.database.urls import sqlalchemy_url
from tests.admin.rows import course_day, publish_course_days
from tests.conftest import Database

ORIGIN = "http://testserver"


@dataclass(frozen=True)
class Token:
    id: str
    secret: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}


@pytest.fixture
def token(database: Database) -> Token:
    engine = create_engine(sqlalchemy_url(database.urls.pipeline))
    with engine.begin() as connection:
        made = Token(*create_token(connection, "course team"))
    engine.dispose()
    return made


@pytest.fixture
def pipeline(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect("pipeline") as connection:
        yield connection


@pytest.fixture
def algebra(pipeline: psycopg.Connection) -> None:
    """A course, by a day on which learners came."""
    publish_course_days(pipeline, course_day("algebra", date(2026, 3, 1), 40))


@pytest.fixture
def app(database: Database) -> FastAPI:
    return create_app(database.settings)


class AppTransport(httpx.BaseTransport):
    """Asks the application in this process; what it raises, the test sees."""

    def __init__(self, app: FastAPI) -> None:
        self._inner = httpx.ASGITransport(app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run(self._ask(request))

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        body = b"".join([part async for part in answer.stream])
        return httpx.Response(answer.status_code, headers=answer.headers, content=body)


@pytest.fixture
def anonymous(app: FastAPI) -> Iterator[httpx.Client]:
    """A client without any token."""
    with httpx.Client(transport=AppTransport(app), base_url=ORIGIN) as client:
        yield client
    app.state.service.reader.close()


@pytest.fixture
def client(anonymous: httpx.Client, token: Token) -> httpx.Client:
    """A client that sends a valid token."""
    anonymous.headers.update(token.headers)
    return anonymous


@pytest.fixture
def look(database: Database) -> Iterator[Callable[..., View]]:
    """Gives the view of somebody who may read all courses, or those named, on what is published now."""
    engine = create_engine(sqlalchemy_url(database.urls.admin))
    with ExitStack() as opened:

        def view(courses: Iterable[str] | None = None, **changes: Any) -> View:
            connection = opened.enter_context(engine.connect())
            rules = rules_of(database.settings.model_copy(update=changes))
            seen = None if courses is None else frozenset(courses)
            return View(connection, rules, seen, last_publication(connection))

        yield view
    engine.dispose()


@pytest.fixture
def browser(anonymous: httpx.Client, token: Token) -> httpx.Client:
    """A client that has signed in."""
    anonymous.post("/signin", data={"token": token.secret}, headers={"Origin": ORIGIN})
    return anonymous
