"""What the demo plays once its services run: learners' events in, numbers out.

`python -m analytics_pipeline.demo.story [--check]`, started by the supervisor. A second demo goes on where
the first one stopped: the days that have passed since are played and published.
"""

import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import psycopg

from analytics_pipeline.addresses import admin_url, dagster_url, ingest_url
from analytics_pipeline.console import progress, say
from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.days import contiguous_ranges, day_of
from analytics_pipeline.demo.answers import check_answers
from analytics_pipeline.importing.sender import send
from analytics_pipeline.lake.catalogue import due_days
from analytics_pipeline.launching import launch_command, launch_environment
from analytics_pipeline.local_access import local_admin_token, local_write_key
from analytics_pipeline.settings import Settings, load_settings
from analytics_pipeline.simulate import simulate

COURSES, LEARNERS, DAYS, SEED = 3, 300, 60, 1


class Played(msgspec.Struct):
    """Which days the demo has sent already."""

    first: date
    last: date


def main(arguments: list[str]) -> int:
    """Play, publish, print where to look; with --check fail unless dashboard and API answer with numbers."""
    settings = load_settings()
    today = datetime.now(settings.zone).date()
    play(settings, today - timedelta(days=1))
    code = publish(settings, today)
    if code != 0:
        return code
    token = local_admin_token(settings)
    if "--check" in arguments:
        for line in check_answers(admin_url(settings), token):
            say(line)
    say_where(settings, token)
    return 0


def play(settings: Settings, last: date) -> None:
    """Send the events of the days up to `last` that were not sent yet."""
    path = settings.home / "demo.json"
    played = msgspec.json.decode(path.read_bytes(), type=Played) if path.exists() else None
    if played is not None and played.last >= last:
        return
    first = played.first if played else last - timedelta(days=DAYS - 1)
    say(f"Playing {COURSES} courses with {LEARNERS} learners up to {last}.")
    days = (last - first).days + 1
    events = simulate(COURSES, LEARNERS, days, SEED, last, settings.zone)
    fresh = events if played is None else _after(played.last, events, settings)
    with progress("events sent") as report:
        summary = send(fresh, ingest_url(settings), local_write_key(settings), progress=report)
    say(f"{summary.accepted:,} events accepted, {summary.rejected:,} rejected.")
    path.write_bytes(msgspec.json.encode(Played(first, last)))


def publish(settings: Settings, today: date) -> int:
    """Run every day that is due; the exit code of the first run that failed, else 0."""
    with psycopg.connect(database_urls(settings).pipeline) as connection:
        due = due_days(connection, today)
    for days in contiguous_ranges(due, longest=366):
        say(f"Publishing {days}.")
        command = launch_command(days.first, days.last)
        code = subprocess.run(command, env=launch_environment(settings), check=False).returncode
        if code != 0:
            return code
    return 0


def say_where(settings: Settings, token: str) -> None:
    """Print what can be looked at now."""
    say("")
    say(f"Dashboard   {admin_url(settings)}/")
    say(f"Dagster UI  {dagster_url(settings)}/")
    say(f"API         {admin_url(settings)}/api/admin/analytics/courses")
    say(f"Token       {token}")
    say(f"            sign in with it, or: curl -H 'Authorization: Bearer {token}' URL")
    say("")


def _after(day: date, events: Iterator[dict[str, Any]], settings: Settings) -> Iterator[dict[str, Any]]:
    for event in events:
        if day_of(datetime.fromisoformat(event["createdAt"]), settings.zone) > day:
            yield event


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
