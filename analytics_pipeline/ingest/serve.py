"""`python -m analytics_pipeline.ingest.serve`: the ingest service in the foreground, until SIGTERM."""

import os
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from granian.server import Server

from analytics_pipeline.database.site import WrongTimezoneError, check_site
from analytics_pipeline.database.urls import DatabaseNotReadyError, database_urls
from analytics_pipeline.ingest.logs import configure_logs, logger
from analytics_pipeline.settings import Settings, WrongSettingError, load_settings

STOP_SECONDS = 30


class CannotServeError(Exception):
    """The address or the folder that the settings name cannot be used; the message says what to do."""


def main() -> None:
    """Serve until SIGTERM or SIGINT. What keeps it from starting is said in one sentence (exit code 1)."""
    try:
        settings = load_settings()
        address = free_address(settings.bind, settings.ingest_port)
        check_database(settings)
        share_metrics(settings)
    except (WrongSettingError, CannotServeError, DatabaseNotReadyError, WrongTimezoneError) as error:
        sys.exit(f"The ingest service cannot start: {error}")
    serve(settings, address)


def serve(settings: Settings, address: str) -> None:
    """Run the workers; returns when they have answered what was in flight."""
    server = Server(
        "analytics_pipeline.ingest.app",
        address=address,
        port=settings.ingest_port,
        interface=Interfaces.ASGI,
        workers=settings.ingest_workers,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=False,
        runtime_mode=RuntimeModes.st,
        respawn_failed_workers=True,
        respawn_interval=0.1,
        workers_kill_timeout=STOP_SECONDS,
        log_dictconfig=configure_logs(),
    )
    # A worker inherits the server's handlers: a SIGTERM while it starts would be lost without this.
    os.register_at_fork(after_in_child=_die_of_signals)
    server.serve(target_loader=partial(load_worker, settings, os.getpid()), wrap_loader=False)


def free_address(host: str, port: int) -> str:
    """The IP address of `host`, once it is sure that the port is free there; CannotServeError when it is not.

    The workers share the port among themselves, so they would quietly share it with another service too.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise CannotServeError(
            f"it cannot listen on {host}:{port} ({error.strerror});"
            " stop what listens there, or set ANALYTICS_BIND or ANALYTICS_INGEST_PORT."
        ) from error
    return str(address[0])


def check_database(settings: Settings) -> None:
    """Raise when the database was never migrated or counts other days; one that is away may come back."""
    url = database_urls(settings).ingest
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            check_site(connection, settings)
    except psycopg.OperationalError as error:
        logger.warning("database_away", code=error.sqlstate or type(error).__name__)


def share_metrics(settings: Settings) -> None:
    """Make an empty folder in which the workers' metrics meet; CannotServeError when HOME forbids it."""
    folder = settings.home.absolute() / "metrics" / f"ingest-{settings.ingest_port}"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise CannotServeError(
            f"it cannot write to {folder} ({error.strerror}); set ANALYTICS_HOME to a folder of its own."
        ) from error
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def load_worker(settings: Settings, parent: int) -> Callable[..., Any]:
    """The application of one worker process, imported there, so that its metrics find their folder."""
    from analytics_pipeline.ingest.app import create_app  # noqa: PLC0415

    configure_logs()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    return create_app(settings)


def _die_of_signals() -> None:
    """Let this process end at once by SIGTERM and SIGINT, until it serves and handles them itself."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def _end_with(parent: int) -> None:
    """End this worker when its parent was killed: it would hold the port against the next service."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
