"""What every HTTP service of ours does before and while it serves."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from granian.server import Server

from analytics_pipeline.database.site import check_site
from analytics_pipeline.ingest.logs import configure_logs, logger
from analytics_pipeline.settings import Settings


class CannotServeError(Exception):
    """The address or the folder that the settings name cannot be used; the message says what to do."""


def free_address(host: str, port: int, setting: str) -> str:
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
            f" stop what listens there, or set {setting} or ANALYTICS_BIND."
        ) from error
    return str(address[0])


def check_database(url: str, settings: Settings) -> None:
    """Raise when the database was never migrated or counts other days; one that is away may come back."""
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            check_site(connection, settings)
    except psycopg.OperationalError as error:
        logger.warning("database_away", code=error.sqlstate or type(error).__name__)


def serve_application(
    load: Callable[..., Any], *, address: str, port: int, workers: int, stop_seconds: int
) -> None:
    """Run the workers until SIGTERM or SIGINT; returns when they have answered what was in flight.

    Each worker calls `load` in its own process to get the application.
    """
    server = Server(
        "an application that `load` gives",
        address=address,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=False,
        runtime_mode=RuntimeModes.st,
        respawn_failed_workers=True,
        respawn_interval=0.1,
        workers_kill_timeout=stop_seconds,
        log_dictconfig=configure_logs(),
    )
    # A worker inherits the server's handlers: a SIGTERM while it starts would be lost without this.
    os.register_at_fork(after_in_child=_die_of_signals)
    server.serve(target_loader=load, wrap_loader=False)


def end_with_parent(parent: int) -> None:
    """End this worker when its parent was killed: it would hold the port against the next service."""
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


def _die_of_signals() -> None:
    """Let this process end at once by SIGTERM and SIGINT, until it serves and handles them itself."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
