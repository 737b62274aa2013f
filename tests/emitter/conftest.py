"""A page and the ingest service on different origins, and a real browser between them."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from analytics_pipeline.engine import ParquetFiles
from analytics_pipeline.ingest.keys import create_key
from analytics_pipeline.lake import schema
from analytics_pipeline.lake.catalogue import lake_days
from analytics_pipeline.lake.seal import seal_inbox
from tests.chromium import running_chromium
from tests.conftest import Database
from tests.pipeline_runs import a_run
from tests.ports import free_port
from tests.waiting import wait_until

PAGE = """<!doctype html><title>A lesson</title><script type="module">
import {{ createEmitter }} from "{ingest}/emitter.js";
window.emitter = createEmitter({{
  endpoint: "{ingest}/api/analytics/event", key: "{key}", courseId: "course-1", userId: "learner-1",
}});
</script>"""


@dataclass(frozen=True)
class Site:
    """Where the page lies, and the queue and lake behind it."""

    page_url: str
    database: Database
    folder: Path

    def open(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.goto(self.page_url)
        page.wait_for_function("window.emitter !== undefined")
        return page

    def sealed(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Id, type and the rest of every event in the day files, after sealing all that waits."""
        with a_run(self.database, self.folder) as run:
            result = seal_inbox(run, print)
            assert not result.failures
            rows = lake_days(run.connection, result.sealed).values()
            files = ParquetFiles([run.lake.path(name) for row in rows for name in row.files], schema.EVENTS)
            events = run.engine.frame("SELECT * FROM events", {"events": files}, {})
        return [(str(e["event_id"]), str(e["event_type"]), dict(e)) for _, e in events.iterrows()]


def queued(page: Page) -> list[str]:
    """Ids of the events that wait in this browser."""
    ids: list[str] = page.evaluate(
        """() => Object.keys(localStorage).filter(name => name.startsWith("la.")).sort()
                 .map(name => JSON.parse(localStorage.getItem(name)).id)"""
    )
    return ids


# Not for the whole session: Playwright's event loop would stand in the way of every test with one of its own.
@pytest.fixture(scope="module")
def browser(require_tool: Callable[[str], str]) -> Iterator[Browser]:
    with running_chromium(require_tool) as browser:
        yield browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Iterator[Site]:
    page_port, ingest_port = free_port(), free_port()
    page_url, ingest_url = f"http://localhost:{page_port}/", f"http://127.0.0.1:{ingest_port}"
    with database.connect("pipeline") as connection:
        _, key = create_key(connection, "the site", [page_url])
    html = PAGE.format(ingest=ingest_url, key=key).encode()

    class Lesson(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(html)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", page_port), Lesson) as server, ingest(database, ingest_port):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        wait_until(lambda: _answers(f"{ingest_url}/readyz"), 20)
        yield Site(page_url, database, tmp_path)
        server.shutdown()


@contextmanager
def ingest(database: Database, port: int) -> Iterator[None]:
    """The ingest service as a process of its own."""
    environment = {
        **os.environ,
        "ANALYTICS_HOME": str(database.settings.home),
        "ANALYTICS_DATABASE_URL": database.urls.owner,
        "ANALYTICS_INGEST_PORT": str(port),
    }
    command = [sys.executable, "-m", "analytics_pipeline.ingest.serve"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
