"""The admin service as a process of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from analytics_pipeline.settings import Settings

COMMAND = [sys.executable, "-m", "analytics_pipeline.admin.serve"]


def environment(settings: Settings, **changes: object) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("ANALYTICS_")}
    return (
        own | settings.as_environment() | {f"ANALYTICS_{name}": str(value) for name, value in changes.items()}
    )


@contextmanager
def running(variables: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "admin.log").open("wb") as log:
        process = subprocess.Popen(COMMAND, env=variables, cwd=folder, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(url: str, status: int) -> httpx.Response:
    deadline = time.monotonic() + 120
    while True:
        try:
            answer = httpx.get(url)
            if answer.status_code == status:
                return answer
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, f"{url} does not answer {status}"
        time.sleep(0.1)
