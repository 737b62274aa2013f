"""One line of JSON when a run starts and one when it ends, in the log of the process that executes it."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import structlog

from sensors.jobs import days_asked

JOB = "analytics"

_ENDS = {
    dg.DagsterEventType.RUN_SUCCESS: "SUCCESS",
    dg.DagsterEventType.RUN_FAILURE: "FAILED",
    dg.DagsterEventType.RUN_CANCELED: "CANCELED",
}
_started: dict[str, float] = {}
"""When each run of this process began; Dagster makes a handler anew whenever it logs."""


class RunLines(logging.Handler):
    """Writes to standard error, so that what a command prints on standard output stays its own."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of an event that starts or ends a run; nothing for any other record."""
        meta: dict[str, Any] = getattr(record, "dagster_meta", {})
        event = meta.get("dagster_event")
        if event is None:
            return
        line = run_line(event.event_type, str(meta.get("run_id")), meta.get("job_tags") or {}, record.created)
        if line is not None:
            # Made here, since standard error may be another one by now.
            log = structlog.wrap_logger(structlog.PrintLogger(sys.stderr), processors=PROCESSORS)
            (log.error if line["status"] == "FAILED" else log.info)("run", **line)


PROCESSORS: list[structlog.typing.Processor] = [
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.JSONRenderer(),
]


def run_line(
    kind: dg.DagsterEventType, run_id: str, tags: dict[str, str], at: float
) -> dict[str, object] | None:
    """What the line of this event says; None for an event that neither starts nor ends a run.

    `at` is in seconds since 1970; the duration of a run that this process did not start is unknown.
    """
    days = days_asked(tags)
    line: dict[str, object] = {"job": JOB, "runId": run_id}
    if days is not None:
        line["partition"] = str(days)
    if kind is dg.DagsterEventType.RUN_START:
        _started[run_id] = at
        return line | {"status": "STARTED", "startedAt": datetime.fromtimestamp(at, UTC).isoformat()}
    if kind not in _ENDS:
        return None
    began = _started.pop(run_id, None)
    took = None if began is None else round((at - began) * 1000)
    return line | {"status": _ENDS[kind], "durationMs": took}
