"""What every HTTP service of ours does before and while it serves."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from granian.server import Server

from analytics_pipeline.database.site import WrongTimezoneError, check_site
from analytics_pipeline.database.urls import DatabaseNotReadyError
from analytics_pipeline.logs import configure_logs, logger
from analytics_pipeline.settings import Settings, WrongSettingError


class CannotServeError(Exception):
    """The address or the folder that the settings name cannot be used; the message says what to do."""


@contextmanager
def foreseen_sentences(service: str) -> Iterator[None]:
    """Within the block, what keeps the service from starting is said in one sentence (exit code 1)."""
    try:
        yield
    except (WrongSettingError, CannotServeError, DatabaseNotReadyError, WrongTimezoneError) as error:
        sys.exit(f"The {service} service cannot start: {error}")


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
    load: Callable[[], Any], *, address: str, port: int, workers: int, stop_seconds: int
) -> None:
    """Run the workers until SIGTERM or SIGINT; returns when they have answered what was in flight.

    Each worker calls `load` in its own process to get the application, and ends with this one.
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
    server.serve(target_loader=partial(_load, load, os.getpid()), wrap_loader=False)


def _load(load: Callable[[], Any], parent: int) -> Any:
    configure_logs()
    # A worker whose parent was killed would hold the port against the next service.
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    return load()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


def _die_of_signals() -> None:
    """Let this process end at once by SIGTERM and SIGINT, until it serves and handles them itself."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
