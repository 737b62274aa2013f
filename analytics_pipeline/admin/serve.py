"""`python -m analytics_pipeline.admin.serve`: the admin service in the foreground, until SIGTERM."""

import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from granian.server import Server

from analytics_pipeline.database.site import WrongTimezoneError, check_site
from analytics_pipeline.database.urls import DatabaseNotReadyError, database_urls
from analytics_pipeline.ingest.logs import configure_logs, logger
from analytics_pipeline.serving import PortTakenError, check_port, end_with_parent
from analytics_pipeline.settings import Settings, WrongSettingError, load_settings

STOP_SECONDS = 10


def main() -> None:
    """Serve until SIGTERM or SIGINT. What keeps it from starting is said in one sentence (exit code 1)."""
    try:
        settings = load_settings()
        check_port(settings.bind, settings.admin_port, "ANALYTICS_ADMIN_PORT")
        check_database(settings)
    except (WrongSettingError, PortTakenError, DatabaseNotReadyError, WrongTimezoneError) as error:
        sys.exit(f"The admin service cannot start: {error}")
    serve(settings)


def serve(settings: Settings) -> None:
    """Run the worker; returns when it has answered what was in flight."""
    server = Server(
        "analytics_pipeline.admin.app",
        address=settings.bind,
        port=settings.admin_port,
        interface=Interfaces.ASGI,
        workers=1,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=False,
        runtime_mode=RuntimeModes.st,
        respawn_failed_workers=True,
        respawn_interval=0.1,
        workers_kill_timeout=STOP_SECONDS,
        log_dictconfig=configure_logs(),
    )
    server.serve(target_loader=partial(load_worker, settings, os.getpid()), wrap_loader=False)


def check_database(settings: Settings) -> None:
    """Raise when the database was never migrated or counts other days; one that is away may come back."""
    url = database_urls(settings).admin
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            check_site(connection, settings)
    except psycopg.OperationalError as error:
        logger.warning("database_away", code=error.sqlstate or type(error).__name__)


def load_worker(settings: Settings, parent: int) -> Callable[..., Any]:
    """The application of the worker process, imported there."""
    from analytics_pipeline.admin.app import create_app  # noqa: PLC0415  # the parent has no use for it

    configure_logs()
    end_with_parent(parent)
    return create_app(settings)


if __name__ == "__main__":
    main()
