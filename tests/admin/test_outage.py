"""The service lives on while the database is away, and answers by itself when it is back."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine

from analytics_pipeline.admin.app import create_app
from analytics_pipeline.admin.auth.tokens import create_token
from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.database.migrate import migrate
from analytics_pipeline.database.urls import database_urls, sqlalchemy_url
from analytics_pipeline.settings import Settings
from tests.admin.conftest import ORIGIN, AppTransport
from tests.conftest import Database

CUT = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
     WHERE datname = current_database() AND usename = 'analytics_admin'
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Settings]:
    """A site with a database server of its own, which may be stopped."""
    settings = Settings(home=tmp_path)
    try:
        migrate(settings)
        yield settings
    finally:
        EmbeddedServer(tmp_path).remove()


def test_while_the_database_is_away_all_is_503_and_after_its_restart_all_is_well(home: Settings) -> None:
    engine = create_engine(sqlalchemy_url(database_urls(home).pipeline))
    with engine.begin() as connection:
        _, secret = create_token(connection, "course team")
    engine.dispose()
    server = EmbeddedServer(home.home)
    app = create_app(home)
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx.Client(transport=AppTransport(app), base_url=ORIGIN, headers=headers) as client:
        courses = "/api/admin/analytics/courses"
        assert client.get(courses).status_code == 200
        assert client.post("/signin", data={"token": secret}, headers={"Origin": ORIGIN}).status_code == 303
        server.stop()
        away = client.get(courses)
        assert (away.status_code, away.json()["status"]) == (503, 503)
        assert int(away.headers["retry-after"]) > 0
        assert "The database is away" in away.json()["detail"]
        assert client.get("/readyz").status_code == 503
        scrape = client.get("/metrics")
        assert (scrape.status_code, scrape.json()["detail"]) == (503, away.json()["detail"])
        assert client.get("/healthz").status_code == 200
        page = client.get("/")
        assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        server.start()
        assert client.get(courses).status_code == 200
        assert client.get("/").status_code == 200
    app.state.service.reader.close()


def test_connections_that_were_cut_meanwhile_cost_no_answer(client: httpx.Client, database: Database) -> None:
    for _ in range(2):
        assert client.get("/api/admin/analytics/definitions").status_code == 200
        with database.connect("owner") as owner:
            cut = owner.execute(CUT).fetchall()
        assert len(cut) == 2
