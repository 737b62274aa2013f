"""Measures the ingest service beside two plain ones: same machine, same database, same load, durable commits.

Starts a PostgreSQL of its own, needs about five minutes and no arguments:

    python -m bench.ingest

Events per second are those that were acknowledged. Latencies are of requests, with 32 connections that each
send the next request when the last is answered; `at half load` is paced at half of what was reached before.
The services take turns, round after round; the table holds medians, and the ratios below it are medians of
the ratios of each round, since a shared machine is not as fast in one minute as in the next.
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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import psycopg

from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.database.migrate import migrate
from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.ingest.keys import create_key
from analytics_pipeline.markdown import markdown_table
from analytics_pipeline.settings import Settings
from bench.measuring import say
from bench.references import CREATE_TABLES

BATCHES = (1, 50, 500)
ROUNDS = 3
PORT = 18765
NO_LIMIT = 10**9
OURS, HALF_LOAD = "ours", "ours, at half load"
SERVICES = {
    OURS: ["-m", "analytics_pipeline.ingest.serve"],
    "one COPY row per event": ["-m", "bench.references", "copy"],
    "FastAPI, one INSERT per event": ["-m", "bench.references", "insert"],
}


@dataclass(frozen=True)
class Seen:
    """What the load generator saw in one run: acknowledged events a second, and how long requests took."""

    events_per_second: float
    p50_ms: float
    p99_ms: float


Round = dict[tuple[str, int], Seen]
"""By service and events a request."""


def main() -> None:
    """Measure everything and print a table and the ratios."""
    with tempfile.TemporaryDirectory(prefix="bench-ingest-") as folder:
        settings = Settings(home=Path(folder), ingest_port=PORT)
        server = EmbeddedServer(settings.home)
        try:
            migrate(settings)
            print(report(measure_all(settings)))
        finally:
            server.remove()


def measure_all(settings: Settings) -> list[Round]:
    """Round after round on the same server."""
    urls = database_urls(settings)
    with psycopg.connect(urls.owner) as connection:
        connection.execute(CREATE_TABLES)
        setting = connection.execute("SHOW fsync").fetchone()
    if setting != ("on",):
        raise SystemExit(f"These commits are not durable: fsync is {setting}.")
    with psycopg.connect(urls.pipeline) as connection:
        key = create_key(connection, "bench", events_per_second=NO_LIMIT)[1]
    return [measure_round(settings, key) for _ in range(ROUNDS)]


def measure_round(settings: Settings, key: str) -> Round:
    """Each service once, at full speed, and ours at half load too."""
    seen: Round = {}
    for name, arguments in SERVICES.items():
        with serving(settings, arguments):
            for batch in BATCHES:
                seen[name, batch] = measure(name, key, batch)
            if name == OURS:
                for batch in BATCHES:
                    rate = seen[OURS, batch].events_per_second / batch / 2
                    seen[HALF_LOAD, batch] = measure(HALF_LOAD, key, batch, rate)
    return seen


def measure(name: str, key: str, batch: int, rate: float | None = None) -> Seen:
    """Run the load generator once."""
    command = [sys.executable, "-m", "bench.load", "--port", str(PORT), f"--key={key}", "--batch", str(batch)]
    if rate is not None:
        command += ["--rate", str(rate)]
    told: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    seen = Seen(float(told["events_per_second"]), float(told["p50_ms"]), float(told["p99_ms"]))
    say(f"{name}, {batch} a request: {seen.events_per_second:,.0f} events/s")
    return seen


def report(rounds: Sequence[Round]) -> str:
    """Medians in Markdown, and how many times as fast ours is."""
    head = [
        "service",
        "events a request",
        "events a second",
        "half of the answers within, ms",
        "99 % within, ms",
    ]
    rows = []
    for name, batch in rounds[0]:
        speed, p50, p99 = (
            statistics.median(getattr(seen[name, batch], field.name) for seen in rounds)
            for field in fields(Seen)
        )
        rows.append([name, batch, f"{speed:,.0f}", f"{p50:.1f}", f"{p99:.1f}"])
    ratios = [
        f"Ours takes {_times_as_many(rounds, name)} times as many as *{name}*, at"
        f" {', '.join(map(str, BATCHES))} events a request."
        for name in SERVICES
        if name != OURS
    ]
    return "\n".join([markdown_table(head, rows), "", *ratios])


def _times_as_many(rounds: Sequence[Round], name: str) -> str:
    ratios = (
        statistics.median(
            seen[OURS, batch].events_per_second / seen[name, batch].events_per_second for seen in rounds
        )
        for batch in BATCHES
    )
    return ", ".join(f"{ratio:.1f}" for ratio in ratios)


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
