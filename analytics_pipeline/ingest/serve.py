"""`python -m analytics_pipeline.ingest.serve`: the ingest service in the foreground, until SIGTERM."""

import os
import shutil
from collections.abc import Callable
from functools import partial
from typing import Any

from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.serving import (
    CannotServeError,
    check_database,
    foreseen_sentences,
    free_address,
    serve_application,
)
from analytics_pipeline.settings import Settings, load_settings

STOP_SECONDS = 30


def main() -> None:
    """Serve until SIGTERM or SIGINT. What keeps it from starting is said in one sentence (exit code 1)."""
    with foreseen_sentences("ingest"):
        settings = load_settings()
        address = free_address(settings.bind, settings.ingest_port, "ANALYTICS_INGEST_PORT")
        check_database(database_urls(settings).ingest, settings)
        share_metrics(settings)
    serve_application(
        partial(load_application, settings),
        address=address,
        port=settings.ingest_port,
        workers=settings.ingest_workers,
        stop_seconds=STOP_SECONDS,
    )


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


def load_application(settings: Settings) -> Callable[..., Any]:
    """The application of one worker process, imported there, so that its metrics find their folder."""
    from analytics_pipeline.ingest.app import create_app  # noqa: PLC0415

    return create_app(settings)


if __name__ == "__main__":
    main()
