"""Structured logs: one JSON object a line on standard output, never with a learner, a key or a body."""

import logging.config
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()

_TIME = structlog.processors.TimeStamper(fmt="iso", utc=True)


def configure_logs() -> dict[str, Any]:
    """Set up this process and return the same as a `logging` configuration, for the server's own lines."""
    structlog.configure(
        processors=[structlog.processors.add_log_level, _TIME, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=False,
    )
    configuration = _library_configuration()
    logging.config.dictConfig(configuration)
    return configuration


def describe(error: BaseException) -> dict[str, str]:
    """What may be logged of an unexpected error: its type and where it rose. Its text may quote an event."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "unknown"
    return {"error": type(error).__name__, "where": where}


def _library_configuration() -> dict[str, Any]:
    handlers = {
        name: {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": name}
        for name in ("server", "library")
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"server": _formatter(), "library": _formatter(_without_text)},
        "handlers": handlers,
        "loggers": {"_granian": {"handlers": ["server"], "level": "INFO", "propagate": False}},
        "root": {"handlers": ["library"], "level": "WARNING"},
    }


def _formatter(*processors: structlog.typing.Processor) -> dict[str, Any]:
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, _TIME],
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *processors,
            _without_traceback,
            structlog.processors.JSONRenderer(),
        ],
    }


def _without_text(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """A library's line keeps where it comes from only: database drivers quote rows in their messages."""
    line["event"] = "library_message"
    return line


def _without_traceback(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    line.pop("exc_info", None)
    line.pop("stack_info", None)
    return line
