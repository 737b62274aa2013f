"""How long the admin API takes to answer with many courses published: an open loop of requests, per endpoint.

`python -m bench.admin` makes a database of its own in the embedded server of a temporary HOME, fills the
published tables by SQL, starts the service, asks at a fixed rate whatever the answers take, and prints the
percentiles of every endpoint and range. Everything is removed at the end.

A course with lessons takes 6 MB on the disk at 20 lessons and 400 days; `--lesson-courses` says how many
have them.
"""

import argparse
import asyncio
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import httpx
import psycopg

from analytics_pipeline.addresses import admin_url
from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.database.migrate import migrate
from analytics_pipeline.days import day_start
from analytics_pipeline.local_access import local_admin_token
from analytics_pipeline.metrics.windows import refresh_days, refresh_windows
from analytics_pipeline.settings import Settings

API = "/api/admin/analytics"
FIRST = date(2025, 1, 1)
PRESETS = ("7", "30", "90", "all")
RUN_ID = "bench"
FILL = Path(__file__).with_name("admin_fill.sql")

Question = tuple[str, str, dict[str, str]]
Took = dict[tuple[str, str], list[float]]


def fill(url: str, *, courses: int, lessons: int, lesson_courses: int, days: int) -> None:
    """Rows for every course; those for every day and lesson for the first `lesson_courses` courses only."""
    last = FIRST + timedelta(days=days - 1)
    as_of = day_start(last + timedelta(days=1), Settings().zone)
    values = {"last": last, "as_of": as_of}
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        names = [f"course-{number:05}" for number in range(courses)]
        _rows(connection, "bench_day", "day date", [FIRST + timedelta(days=one) for one in range(days)])
        _rows(connection, "bench_course", "course_id text", names)
        _rows(connection, "bench_lesson_course", "course_id text", names[:lesson_courses])
        _rows(connection, "bench_lesson", "lesson_idx int", list(range(lessons)))
        for statement in FILL.read_text().split(";\n")[:-1]:
            table = statement.partition("INSERT INTO ")[2].split()[0]
            connection.execute(f"ALTER TABLE {table} SET UNLOGGED".encode())
            started = time.monotonic()
            rows = connection.execute(statement.encode(), values).rowcount
            print(f"{table}: {rows} rows in {time.monotonic() - started:.0f} s", flush=True)
        started = time.monotonic()
        all_days = [FIRST + timedelta(days=offset) for offset in range(days)]
        with connection.transaction():
            refresh_days(connection, all_days, RUN_ID)
            refresh_windows(connection, last, as_of, RUN_ID)
        print(f"summed up in {time.monotonic() - started:.0f} s", flush=True)
        connection.execute("VACUUM ANALYZE")
        size = connection.execute("SELECT pg_size_pretty(pg_database_size(current_database()))").fetchone()
        print(f"{courses} courses, {lesson_courses} with lessons: {size[0] if size else '?'}", flush=True)


def _rows(connection: psycopg.Connection, table: str, column: str, values: Sequence[object]) -> None:
    connection.execute(f"CREATE TEMPORARY TABLE {table} ({column})".encode())
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
        for value in values:
            copy.write_row([value])
    connection.execute(f"ANALYZE {table}".encode())


def questions(
    rng: random.Random, days: int, courses: int, lessons: int
) -> list[tuple[str, str, dict[str, str]]]:
    """Every endpoint once with every preset and with a range of its own: its name, kind of range, address."""
    first = FIRST + timedelta(days=rng.randrange(days // 2))
    last = first + timedelta(days=rng.randrange(30, days // 2))
    ranges = {preset: {"range": preset} for preset in PRESETS}
    ranges |= {"custom": {"from": str(first), "to": str(last)}}
    course = f"course-{rng.randrange(courses):05}"
    paths = {
        **{f"courses {sort}": (f"courses?sort={sort}") for sort in ("attention", "learners", "completion")},
        "courses revenue": "courses?sort=revenue",
        "courses search": f"courses?search={rng.randrange(1000)}",
        "course": f"course/{course}?",
        "lesson": f"course/{course}/lesson/{rng.randrange(lessons)}?",
        "funnel": f"funnel/{course}?",
        "signals": "signals?",
        "signals of a course": f"signals?courseId={course}",
        "revisions": "revisions?",
        "revisions of a course": f"revisions?courseId={course}",
        "runs": "runs?",
        "definitions": "definitions?",
    }
    return [
        (name, kind, {"path": path, **asked})
        for name, path in paths.items()
        for kind, asked in ranges.items()
    ]


async def load(
    settings: Settings, token: str, options: argparse.Namespace
) -> dict[tuple[str, str], list[float]]:
    """Seconds that every question took, from the moment at which it was due."""
    rng = random.Random(options.rate)
    due: list[Question] = []
    while len(due) < options.rate * options.seconds:
        due += questions(rng, options.days, options.lesson_courses, options.lessons)
    rng.shuffle(due)
    due = due[: options.rate * options.seconds]
    took: Took = defaultdict(list)
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=admin_url(settings), headers=headers, limits=limits) as client:
        starts = time.perf_counter() + 0.5

        async def ask(number: int, name: str, kind: str, asked: dict[str, str]) -> None:
            at = starts + number / options.rate
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            query = "&".join(f"{key}={value}" for key, value in asked.items() if key != "path")
            joint = "" if asked["path"].endswith("?") else "&" if "?" in asked["path"] else "?"
            answer = await client.get(f"{API}/{asked['path']}{joint}{query}", timeout=60)
            assert answer.status_code == 200, answer.text
            took[name, kind].append(time.perf_counter() - at)

        await asyncio.gather(*(ask(number, *question) for number, question in enumerate(due)))
    return took


def report(took: Took) -> None:
    """The percentiles, in milliseconds."""
    print(f"{'endpoint':24}{'range':>8}{'n':>6}{'p50':>8}{'p95':>8}{'p99':>8}{'max':>8}")
    for (name, kind), seconds in sorted(took.items()):
        print(f"{name:24}{kind:>8}{len(seconds):>6}{_percentiles(seconds)}")
    for label, kinds in (("presets", PRESETS), ("custom", ("custom",))):
        chosen = [value for (_, kind), seconds in took.items() if kind in kinds for value in seconds]
        print(f"{'all endpoints':24}{label:>8}{len(chosen):>6}{_percentiles(chosen)}")
    print(f"load average {', '.join(f'{value:.1f}' for value in os.getloadavg())} on {os.cpu_count()} cores")


def _percentiles(seconds: list[float]) -> str:
    cuts = statistics.quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else seconds * 99
    return "".join(f"{1000 * value:8.1f}" for value in (cuts[49], cuts[94], cuts[98], max(seconds)))


def main() -> None:
    """Fill, serve, ask, report, remove."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--courses", type=int, default=10_000)
    parser.add_argument("--lesson-courses", type=int, default=10_000)
    parser.add_argument("--lessons", type=int, default=20)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument(
        "--rate", type=int, nargs="+", default=[50], help="requests a second, one after another"
    )
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--port", type=int, default=18_801)
    options = parser.parse_args()
    # Who is told to end must remove the server too, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="bench-admin-") as home:
        settings = Settings(home=Path(home), admin_port=options.port)
        server = EmbeddedServer(settings.home)
        try:
            migrate(settings)
            sizes = {
                name: getattr(options, name) for name in ("courses", "lessons", "lesson_courses", "days")
            }
            fill(server.owner_url, **sizes)
            token = local_admin_token(settings)
            serve_and_ask(settings, token, options)
        finally:
            server.remove()


def serve_and_ask(settings: Settings, token: str, options: argparse.Namespace) -> None:
    """Ask a service of its own, once to warm up and once to measure."""
    command = [sys.executable, "-m", "analytics_pipeline.admin.serve"]
    with subprocess.Popen(command, env=settings.as_environment()) as service:
        try:
            wait_for(admin_url(settings) + "/readyz")
            warm = argparse.Namespace(**vars(options) | {"seconds": 5, "rate": 20})
            asyncio.run(load(settings, token, warm))
            for rate in options.rate:
                print(f"{rate} requests a second", flush=True)
                asked = argparse.Namespace(**vars(options) | {"rate": rate})
                report(asyncio.run(load(settings, token, asked)))
        finally:
            service.terminate()


def wait_for(url: str) -> None:
    """Until the service answers."""
    for _ in range(300):
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise SystemExit(f"{url} does not answer")


if __name__ == "__main__":
    main()
