"""What a night costs as history grows: a year of a busy platform, with single nights measured on the way.

`python -m bench.year --events 20000` makes a database of its own in the embedded server of a temporary HOME.
Between the measured nights, days are laid into the lake as sealing would leave them, and one run of the
nightly job takes each stretch through; a measured night begins in the inbox and is a run of that job like any
other. Prints the seconds of every stage, and what the last nights take beside the first.
"""

import argparse
import json
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import dagster as dg
import psycopg

from analytics_pipeline.dagster_home import dagster_environment
from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.database.migrate import migrate
from analytics_pipeline.database.postmaster import postmaster
from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.days import DayRange
from analytics_pipeline.settings import Settings
from bench.measuring import say
from bench.year_platform import Platform
from bench.year_report import Stages, draw, report

NIGHTS = 7
"""Measured at each point, after one that is not: medians, since a shared machine wavers, and a week of them,
since about once a week a night also makes one file of those that hold what came since the last time."""

LONGEST_STRETCH = 60

NOTHING_TO_EVALUATE = """
    INSERT INTO analytics.signal_evaluation (as_of, assessed, opened, resolved, computed_at, run_id)
    VALUES (%s, 0, 0, 0, now(), 'bench') ON CONFLICT (as_of) DO NOTHING
"""


def cpu_seconds(home: Path) -> float:
    """What this process and the database's processes have computed so far."""
    server = postmaster(Path((home / "postgres.location").read_text()))
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(stat.parent.name) == server:
                # Its own, and that of the sessions that have ended.
                ticks += sum(map(int, fields[11:15]))
            elif int(fields[1]) == server:
                ticks += sum(map(int, fields[11:13]))
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def run_days(settings: Settings, days: DayRange) -> Stages:
    """Run the nightly job in this process; the seconds of its stages, of the whole, and of computing."""
    # The definitions read the settings when they are imported.
    from sensors.execution import execute  # noqa: PLC0415

    began, computed = time.perf_counter(), cpu_seconds(settings.home)
    outcome = execute(days, wait=True)
    whole, cpu = time.perf_counter() - began, cpu_seconds(settings.home) - computed
    assert outcome.success, outcome.error
    with dg.DagsterInstance.get() as instance:
        stages = _stages(instance.all_logs(outcome.run_id))
    return {**stages, "night": whole, "cpu": cpu}


def _stages(entries: Sequence[dg.EventLogEntry]) -> dict[str, float]:
    began: dict[str, float] = {}
    seconds: dict[str, float] = {}
    for entry in entries:
        event = entry.dagster_event
        if event is None or event.step_key is None:
            continue
        if event.event_type is dg.DagsterEventType.STEP_START:
            began[event.step_key] = entry.timestamp
        elif event.event_type is dg.DagsterEventType.STEP_SUCCESS:
            seconds[event.step_key] = entry.timestamp - began[event.step_key]
    return seconds


def measure(settings: Settings, platform: Platform, points: Sequence[int]) -> dict[int, Stages]:
    """The medians of the nights that end at each of these days of the year."""
    url = database_urls(settings).pipeline
    measured: dict[int, Stages] = {}
    done = 0
    for point in points:
        while (rest := point - NIGHTS - 1 - done) > 0:
            stretch = range(done, done + min(rest, LONGEST_STRETCH))
            lay(settings, platform, stretch)
            done = stretch.stop
        nights = []
        for number in range(done, point):
            deliver(settings, platform, number)
            day = platform.day(number)
            nights.append(run_days(settings, DayRange(day, day)))
            show(number + 1, nights[-1])
        done = point
        measured[point] = {**median_of(nights[1:]), "slowest": max(night["night"] for night in nights[1:])}
        with psycopg.connect(url) as connection:
            say(json.dumps({"day": point, **sizes(connection)}))
    return measured


def lay(settings: Settings, platform: Platform, stretch: range) -> None:
    """Take these days through without an inbox, and let no rule look at them."""
    began = time.perf_counter()
    first, last = platform.day(stretch[0]), platform.day(stretch[-1])
    events = platform.lay(settings, stretch)
    with psycopg.connect(database_urls(settings).pipeline) as connection:
        connection.execute(NOTHING_TO_EVALUATE, [last])
    laid = time.perf_counter() - began
    run_days(settings, DayRange(first, last))
    ran = time.perf_counter() - began - laid
    say(f"{first} to {last}: {events} events laid in {laid:.0f} s, run in {ran:.0f} s")


def deliver(settings: Settings, platform: Platform, number: int) -> None:
    """Put what arrives on this day into the inbox."""
    with psycopg.connect(database_urls(settings).ingest) as connection:
        platform.deliver(connection, number)


def median_of(nights: Sequence[Stages]) -> Stages:
    """Stage by stage."""
    return {stage: statistics.median(night[stage] for night in nights) for stage in nights[0]}


def sizes(connection: psycopg.Connection) -> dict[str, int]:
    """What history has grown to."""
    counted = {}
    for table in ("lesson_cohort", "quiz_cohort", "course_funnel", "course_refund", "lesson_daily"):
        row = connection.execute(f"SELECT count(*) FROM analytics.{table}".encode()).fetchone()  # noqa: S608  # names of ours
        counted[table] = int(row[0]) if row else 0
    return counted


def show(number: int, night: Stages) -> None:
    """A line for one night."""
    stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in night.items())
    say(f"night {number}: {stages}")


def main() -> None:
    """Make the site, live through the year, report, remove."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000, help="events a day")
    parser.add_argument("--points", type=int, nargs="+", default=[30, 90, 180, 270, 365])
    parser.add_argument("--plot", type=Path, help="where to draw them, as .svg or .png")
    options = parser.parse_args()
    if any(later - point <= NIGHTS for point, later in pairwise([0, *options.points])):
        parser.error(f"each of --points needs {NIGHTS + 1} days of its own, which is what is measured.")
    # Who is told to end must remove the server too, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    first = datetime.now(UTC).date() - timedelta(days=max(options.points))
    with tempfile.TemporaryDirectory(prefix="bench-year-") as home:
        settings = Settings(home=Path(home), first_day=date(first.year, 1, 1))
        server = EmbeddedServer(settings.home)
        try:
            migrate(settings)
            os.environ.update(settings.as_environment() | dagster_environment(settings))
            measured = measure(settings, Platform(first, options.events), options.points)
            print(report(measured))
            if options.plot is not None:
                draw(measured, options.plot)
        finally:
            server.remove()


if __name__ == "__main__":
    main()
