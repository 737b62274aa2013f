"""The log of a launch from the command line: what the assets say, one plain line each."""

import logging
import sys

import dagster as dg

from analytics_pipeline.narrator import Narrator

PROGRESS = "progress"


class _OnlyOurs(logging.Filter):
    """Lets through what assets and resources say; Dagster's own events are in its UI."""

    def filter(self, record: logging.LogRecord) -> bool:
        event = getattr(record, "dagster_meta", {}).get("dagster_event")
        return event is None and record.levelno >= logging.INFO


def _progress_logger(_: dg.InitLoggerContext) -> logging.Logger:
    """Write the message alone, without Dagster's prefix."""
    logger = logging.Logger(PROGRESS)  # noqa: LOG001  # as Dagster's own: one per run, not one per process
    handler = _Telling()
    handler.addFilter(_OnlyOurs())
    logger.addHandler(handler)
    return logger


progress_logger = dg.LoggerDefinition(
    _progress_logger, description="Plain lines on standard error: what the assets say, and nothing else."
)


class _Telling(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self._narrator = Narrator(sys.stderr)

    def emit(self, record: logging.LogRecord) -> None:
        message = getattr(record, "dagster_meta", {}).get("orig_message") or record.getMessage()
        self._narrator.tell(str(message))
