"""Measures the ingest service beside two plain ones: same machine, same database, same load, durable commits.

Starts a PostgreSQL of its own, needs about five minutes and no arguments:

    python bench/ingest.py

Events per second are those that were acknowledged. Latencies are of requests, with 32 connections that each
send the next request when the last is answered; `at half load` is paced at half of what was reached before.
The services take turns, round after round; the ratios at the end are medians of the ratios of each round,
since a shared machine is not as fast in one minute as in the next.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from references import CREATE_TABLES

from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.database.migrate import migrate
from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.ingest.keys import create_key
from analytics_pipeline.settings import Settings

FOLDER = Path(__file__).parent
BATCHES = (1, 50, 500)
ROUNDS = 3
PORT = 18765
NO_LIMIT = 10**9
SERVICES = {
    "ours": ["-m", "analytics_pipeline.ingest.serve"],
    "one COPY row per event": [str(FOLDER / "references.py"), "copy"],
    "FastAPI, one INSERT per event": [str(FOLDER / "references.py"), "insert"],
}


def main() -> None:
    """Measure everything and print a table and the ratios."""
    with tempfile.TemporaryDirectory(prefix="bench-ingest-") as folder:
        settings = Settings(home=Path(folder), ingest_port=PORT)
        server = EmbeddedServer(settings.home)
        try:
            migrate(settings)
            measure_all(settings)
        finally:
            server.remove()


def measure_all(settings: Settings) -> None:
    """Round after round on the same server, and the ratios."""
    urls = database_urls(settings)
    with psycopg.connect(urls.owner) as connection:
        connection.execute(CREATE_TABLES)
        setting = connection.execute("SHOW fsync").fetchone()
    with psycopg.connect(urls.pipeline) as connection:
        key = create_key(connection, "bench", events_per_second=NO_LIMIT)[1]
    print(f"fsync {setting[0] if setting else '?'}, synchronous_commit on, {os.cpu_count()} cores")
    print(f"{'service':32}{'events/request':>15}{'events/s':>12}{'p50 ms':>9}{'p99 ms':>9}")
    rounds = [measure_round(settings, key) for _ in range(ROUNDS)]
    for name in list(SERVICES)[1:]:
        ratios = ", ".join(
            f"{statistics.median(speed['ours'][b] / speed[name][b] for speed in rounds):.1f}x at {b}"
            for b in BATCHES
        )
        print(f"ours against {name}: {ratios}")


def measure_round(settings: Settings, key: str) -> dict[str, dict[int, float]]:
    """Each service once, at full speed, and ours at half load too; events per second by service and batch."""
    reached: dict[str, dict[int, float]] = {}
    for name, arguments in SERVICES.items():
        with serving(settings, arguments):
            reached[name] = {batch: measure(name, key, batch) for batch in BATCHES}
            if name == "ours":
                for batch in BATCHES:
                    measure("ours, at half load", key, batch, rate=reached[name][batch] / batch / 2)
    return reached


def measure(name: str, key: str, batch: int, rate: float | None = None) -> float:
    """Run the load generator once, print what it saw, return events per second."""
    command = [
        sys.executable,
        str(FOLDER / "load.py"),
        "--port",
        str(PORT),
        f"--key={key}",
        "--batch",
        str(batch),
    ]
    if rate is not None:
        command += ["--rate", str(rate)]
    seen: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    speed = float(seen["events_per_second"])
    print(f"{name:32}{batch:15}{speed:12,.0f}{seen['p50_ms']:9.1f}{seen['p99_ms']:9.1f}", flush=True)
    return speed


@contextmanager
def serving(settings: Settings, arguments: list[str]) -> Iterator[None]:
    """One service, from when it answers to the end of the block."""
    environment = os.environ | settings.as_environment()
    process = subprocess.Popen([sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_for_answer()
        yield
    finally:
        process.terminate()
        process.wait(timeout=40)


def _wait_for_answer() -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=5)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the service did not answer within 30 seconds")


if __name__ == "__main__":
    main()
