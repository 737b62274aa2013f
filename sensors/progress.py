"""The log of a launch from the command line: what the assets say, one plain line each."""

import logging
import sys

import dagster as dg

PROGRESS = "progress"


class _OnlyOurs(logging.Filter):
    """Lets through what assets and resources say; Dagster's own events are in its UI."""

    def filter(self, record: logging.LogRecord) -> bool:
        event = getattr(record, "dagster_meta", {}).get("dagster_event")
        return event is None and record.levelno >= logging.INFO


def _progress_logger(_: dg.InitLoggerContext) -> logging.Logger:
    """Write the message alone, without Dagster's prefix."""
    logger = logging.Logger(PROGRESS)  # noqa: LOG001  # as Dagster's own: one per run, not one per process
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Message())
    handler.addFilter(_OnlyOurs())
    logger.addHandler(handler)
    return logger


progress_logger = dg.LoggerDefinition(
    _progress_logger, description="Plain lines on standard error: what the assets say, and nothing else."
)


class _Message(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return str(getattr(record, "dagster_meta", {}).get("orig_message") or record.getMessage())
