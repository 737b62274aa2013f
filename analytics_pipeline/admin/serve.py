"""`python -m analytics_pipeline.admin.serve`: the admin service in the foreground, until SIGTERM."""

import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from analytics_pipeline.database.site import WrongTimezoneError
from analytics_pipeline.database.urls import DatabaseNotReadyError, database_urls
from analytics_pipeline.ingest.logs import configure_logs
from analytics_pipeline.serving import (
    CannotServeError,
    check_database,
    end_with_parent,
    free_address,
    serve_application,
)
from analytics_pipeline.settings import Settings, WrongSettingError, load_settings

STOP_SECONDS = 10


def main() -> None:
    """Serve until SIGTERM or SIGINT. What keeps it from starting is said in one sentence (exit code 1)."""
    try:
        settings = load_settings()
        address = free_address(settings.bind, settings.admin_port, "ANALYTICS_ADMIN_PORT")
        check_database(database_urls(settings).admin, settings)
    except (WrongSettingError, CannotServeError, DatabaseNotReadyError, WrongTimezoneError) as error:
        sys.exit(f"The admin service cannot start: {error}")
    serve_application(
        partial(load_worker, settings, os.getpid()),
        address=address,
        port=settings.admin_port,
        workers=1,
        stop_seconds=STOP_SECONDS,
    )


def load_worker(settings: Settings, parent: int) -> Callable[..., Any]:
    """The application of the worker process, imported there."""
    from analytics_pipeline.admin.app import create_app  # noqa: PLC0415  # the parent has no use for it

    configure_logs()
    end_with_parent(parent)
    return create_app(settings)


if __name__ == "__main__":
    main()
