"""`analytics rezone`."""

from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

import psycopg
import typer

from analytics_pipeline.cli.errors import CommandError
from analytics_pipeline.console import say
from analytics_pipeline.database.site import stored_timezone
from analytics_pipeline.database.urls import database_urls, ensure_database
from analytics_pipeline.maintenance import maintenance_run
from analytics_pipeline.rezone.rezone import rebuild, rezone, scope_of
from analytics_pipeline.settings import Settings, load_settings


def rezone_command(
    zone: Annotated[str, typer.Argument(metavar="ZONE", help="IANA time zone, such as Europe/Paris.")],
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without, only say what would be.")] = False,
) -> None:
    """Cut every event into the days of another time zone, and compute every number anew."""
    if zone not in available_timezones():
        raise CommandError(f"{zone!r} is no IANA time zone; write for example Europe/Paris.")
    settings = load_settings()
    ensure_database(settings)
    with psycopg.connect(database_urls(settings).owner, autocommit=True) as owner:
        in_force = stored_timezone(owner)
        scope = scope_of(owner)
        if not apply:
            say(
                f"Would cut {scope.events} events of {scope.days} days in {in_force} ({scope.bytes} bytes) "
                f"into days of {zone}, and compute every number anew; do it with --apply."
            )
            return
        if in_force != zone:
            old = settings.model_copy(update={"timezone": in_force})
            with maintenance_run(old, "rezone", say) as run:
                rezone(run, owner, ZoneInfo(zone), say)
    _rebuild(settings.model_copy(update={"timezone": zone}))


def _rebuild(settings: Settings) -> None:
    """Also what is left to do when the command was ended after the zone had changed."""
    with maintenance_run(settings, "rezone", say) as run:
        failures = rebuild(run, say)
    say(f"The days are those of {settings.timezone} now: set ANALYTICS_TIMEZONE={settings.timezone}.")
    for sentence in failures.values():
        say(sentence)
    if failures:
        raise typer.Exit(1)
