"""The real ingest service in processes of its own, for tests that talk HTTP to it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psycopg

from analytics_pipeline.database.urls import DatabaseUrls
from analytics_pipeline.settings import Settings
from tests.ports import free_port
from tests.waiting import wait_until

EVENT_PATH = "/api/analytics/event"
COMMAND = [sys.executable, "-m", "analytics_pipeline.ingest.serve"]


def environment(settings: Settings) -> dict[str, str]:
    """What a service gets to run with these very settings."""
    return os.environ | settings.as_environment()


def children(pid: int) -> list[int]:
    """The processes that a process has started and that are not gone yet."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


@dataclass
class Service:
    """A running service. `key` is sent where a request says nothing else."""

    url: str
    process: "subprocess.Popen[str]"
    log: Path
    key: str | None = None
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    def post(
        self, body: object, headers: Mapping[str, str] | None = None, query: str = "", **more: Any
    ) -> httpx.Response:
        """Send a body: bytes as they are, anything else as JSON."""
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        sent = {"content-type": "application/json"}
        if self.key is not None and "key=" not in query:
            sent["x-write-key"] = self.key
        sent |= headers or {}
        return self.client.post(f"{self.url}{EVENT_PATH}{query}", content=content, headers=sent, **more)

    def get(self, path: str) -> httpx.Response:
        return self.client.get(self.url + path)

    def metric(self, name: str) -> float:
        """A sample of /metrics by its full name, labels included; 0 when there is none."""
        for line in self.get("/metrics").text.splitlines():
            if line.startswith(f"analytics_ingest_{name} "):
                return float(line.rpartition(" ")[2])
        return 0.0

    def workers(self) -> list[int]:
        """The process ids of the workers."""
        return children(self.process.pid)

    def stop(self, stop_signal: signal.Signals = signal.SIGTERM) -> int:
        """End it and return its exit code."""
        self.process.send_signal(stop_signal)
        return self.process.wait(timeout=40)


@contextmanager
def running(settings: Settings, log: Path, key: str | None = None) -> Iterator[Service]:
    """A service with these settings on a free port; ended with the block, by force where need be."""
    settings = settings.model_copy(update={"ingest_port": free_port()})
    with log.open("w") as output:
        process = subprocess.Popen(
            COMMAND, env=environment(settings), stdout=output, stderr=output, text=True, cwd=log.parent
        )
    service = Service(f"http://127.0.0.1:{settings.ingest_port}", process, log, key)
    try:
        wait_until(lambda: process.poll() is not None or _answers(service), 30)
        assert process.poll() is None, log.read_text()
        yield service
    finally:
        service.client.close()
        if process.poll() is None:
            workers = service.workers()
            process.kill()
            process.wait()
            for pid in workers:
                _end(pid)


def _answers(service: Service) -> bool:
    try:
        return service.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def inbox(urls: DatabaseUrls) -> list[dict[str, Any]]:
    """Every stored event, in order of arrival."""
    with psycopg.connect(urls.pipeline) as connection:
        rows = connection.execute("SELECT payload FROM ingest.inbox ORDER BY id").fetchall()
    return [msgspec.json.decode(line) for (payload,) in rows for line in payload.splitlines()]
