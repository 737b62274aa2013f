"""What the demo plays once its services run: learners' events in, numbers out.

`python -m analytics_pipeline.demo.story [--check]`, started by the supervisor. A second demo goes on where
the first one stopped: the days that have passed since are played and published.
"""

import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import psycopg

from analytics_pipeline.addresses import admin_url, dagster_url, ingest_url
from analytics_pipeline.console import progress, say
from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.days import contiguous_ranges, day_of
from analytics_pipeline.demo.answers import check_answers
from analytics_pipeline.importing.sender import SendError, send
from analytics_pipeline.lake.catalogue import due_days
from analytics_pipeline.launching import launch_command, launch_environment
from analytics_pipeline.local_access import local_admin_token, local_write_key
from analytics_pipeline.settings import Settings, load_settings
from analytics_pipeline.simulate import one_of_each, simulate

COURSES, LEARNERS, SEED = 4, 1500, 1
DAYS = 60
"""Days that lie behind when the demo is started first."""
HORIZON_DAYS = 400
"""Length of the whole play: always the same, so that its next days continue those that were sent."""


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
    if "--check" not in arguments:
        say("Ctrl-C stops it all; the next `make demo` goes on from here.")
    return 0


def play(settings: Settings, last: date) -> None:
    """Send the events of the days up to `last` that were not sent yet."""
    path = settings.home / "demo.json"
    played = msgspec.json.decode(path.read_bytes(), type=Played) if path.exists() else None
    if played is not None and played.last >= last:
        return
    first = played.first if played else last - timedelta(days=DAYS - 1)
    since = first if played is None else played.last + timedelta(days=1)
    say(f"Playing {COURSES} courses from {since} to {last}.")
    events = _between(since, last, _whole_play(first, settings.zone), settings.zone)
    with progress("events sent") as report:
        summary = send(events, ingest_url(settings), local_write_key(settings), progress=report)
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


def _whole_play(first: date, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    """Every event from `first` on, in order of time, with one fault of each kind to be found."""
    end = first + timedelta(days=HORIZON_DAYS - 1)
    return simulate(COURSES, LEARNERS, HORIZON_DAYS, SEED, end, zone, one_of_each())


def _between(
    first: date, last: date, events: Iterator[dict[str, Any]], zone: ZoneInfo
) -> Iterator[dict[str, Any]]:
    for event in events:
        day = day_of(datetime.fromisoformat(event["createdAt"]), zone)
        if day > last:
            return
        if day >= first:
            yield event


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except SendError as error:
        sys.exit(f"{error}")
