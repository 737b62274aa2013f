"""`python -m analytics_pipeline.admin.serve`: the admin service in the foreground, until SIGTERM."""

from collections.abc import Callable
from functools import partial
from typing import Any

from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.serving import (
    check_database,
    foreseen_sentences,
    free_address,
    serve_application,
)
from analytics_pipeline.settings import Settings, load_settings

STOP_SECONDS = 10


def main() -> None:
    """Serve until SIGTERM or SIGINT. What keeps it from starting is said in one sentence (exit code 1)."""
    with foreseen_sentences("admin"):
        settings = load_settings()
        address = free_address(settings.bind, settings.admin_port, "ANALYTICS_ADMIN_PORT")
        check_database(database_urls(settings).admin, settings)
    serve_application(
        partial(load_application, settings),
        address=address,
        port=settings.admin_port,
        workers=1,
        stop_seconds=STOP_SECONDS,
    )


def load_application(settings: Settings) -> Callable[..., Any]:
    """The application of the worker process, imported there."""
    from analytics_pipeline.admin.app import create_app  # noqa: PLC0415  # the parent has no use for it

    return create_app(settings)


if __name__ == "__main__":
    main()
