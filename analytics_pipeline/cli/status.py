"""`analytics status`."""

from datetime import datetime

import psycopg

from analytics_pipeline.addresses import admin_url, dagster_url, ingest_url
from analytics_pipeline.console import say, table
from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.days import contiguous_ranges
from analytics_pipeline.lake.catalogue import as_of_day, due_days
from analytics_pipeline.settings import Settings, load_settings
from analytics_pipeline.supervisor.home_lock import running_supervisor
from analytics_pipeline.supervisor.probes import answers, dagster_is_healthy

LONGEST_SHOWN = 100_000


def status() -> None:
    """Show what runs, what is due and up to which day the numbers are complete."""
    settings = load_settings()
    table(("service", "state", "address"), _services(settings))
    is_embedded = settings.database_url is None and settings.pipeline_database_url is None
    if is_embedded and not EmbeddedServer(settings.home).is_running():
        say("The embedded PostgreSQL is not running; `analytics up` starts it with everything else.")
        return
    with psycopg.connect(database_urls(settings).pipeline) as connection:
        for line in _state_of_days(connection, settings):
            say(line)


def _services(settings: Settings) -> list[tuple[str, str, str]]:
    holder = running_supervisor(settings.home)
    ingest, admin, dagster = ingest_url(settings), admin_url(settings), dagster_url(settings)
    probes = [
        ("ingest", answers(f"{ingest}/readyz"), ingest),
        ("admin", answers(f"{admin}/readyz"), admin),
        ("dagster-webserver", answers(f"{dagster}/server_info"), dagster),
        ("dagster-daemon", dagster_is_healthy(dagster), ""),
    ]
    supervisor = "not running" if holder is None else f"process {holder}"
    states = [(name, "ready" if is_ready else "not ready", url) for name, is_ready, url in probes]
    return [("supervisor", supervisor, ""), *states]


def _state_of_days(connection: psycopg.Connection, settings: Settings) -> list[str]:
    today = datetime.now(settings.zone).date()
    complete = as_of_day(connection, today)
    due = contiguous_ranges(due_days(connection, today), longest=LONGEST_SHOWN)
    waiting = connection.execute("SELECT coalesce(sum(events), 0) FROM ingest.inbox").fetchone()
    signals = connection.execute("SELECT count(*) FROM analytics.signal WHERE resolved_at IS NULL").fetchone()
    return [
        f"Complete through: {complete or 'no day yet'}",
        f"Due: {', '.join(str(days) for days in due) or 'nothing'}",
        f"Events waiting in the inbox: {waiting[0] if waiting else 0:,}",
        f"Open signals: {signals[0] if signals else 0}",
    ]
