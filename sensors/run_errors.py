"""What a failed run says of its failure, read from its events."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import dagster as dg
import psycopg

from resources.current_run import RunOverError

if TYPE_CHECKING:
    # Not exported by Dagster, although its events carry it.
    from dagster_shared.error import SerializableErrorInfo

_CONNECTION_ERRORS = (
    error.__name__
    for error in [*vars(psycopg.errors).values(), ConnectionError, *ConnectionError.__subclasses__()]
    if isinstance(error, type)
    and issubclass(error, (psycopg.OperationalError, psycopg.InterfaceError, ConnectionError))
)
LOST_ERRORS = frozenset([RunOverError.__name__, *_CONNECTION_ERRORS])
"""Names of what ends a run for no fault of its own: the database, or the way to it, gives out."""

FROM_OUTSIDE = "the run was ended from outside"


def run_error(events: Iterable[dg.DagsterEvent]) -> str:
    """What the failed steps say, or what ended the run outside of any step."""
    failed, ended = [], []
    for event in events:
        if event.is_step_failure:
            failed.append(f"{event.step_key}: {_step_error(event)}")
        elif event.is_job_failure:
            ended.append(_end(event))
    return "\n".join(failed) or next(iter(ended), FROM_OUTSIDE)


def is_lost(events: Iterable[dg.DagsterEvent]) -> bool:
    """Whether the run failed for no fault of its own: its worker died, or its connection broke."""
    events = list(events)
    errors = [event.step_failure_data.error for event in events if event.is_step_failure]
    if not errors:
        errors = [_job_error(event) for event in events if event.is_job_failure]
        # Whoever declares a worker dead knows of no error.
        return all(error is None or _is_lost(error) for error in errors)
    return all(error is not None and _is_lost(error) for error in errors)


def _job_error(event: dg.DagsterEvent) -> "SerializableErrorInfo | None":
    # No data where whoever declared the run dead knew nothing but that.
    return None if event.event_specific_data is None else event.job_failure_data.error


def _is_lost(error: "SerializableErrorInfo") -> bool:
    return any(each.cls_name in LOST_ERRORS for each in _chain(error))


def _chain(error: "SerializableErrorInfo | None") -> "Iterator[SerializableErrorInfo]":
    while error is not None:
        yield error
        error = error.cause


def _step_error(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return str(data.user_failure_data.description)
    return "no reason is known" if data.error is None else _root(data.error)


def _end(event: dg.DagsterEvent) -> str:
    error = _job_error(event)
    return event.message or FROM_OUTSIDE if error is None else _root(error)


def _root(error: "SerializableErrorInfo") -> str:
    """The innermost error, which is ours; Dagster wraps it in errors of its own."""
    while error.cause is not None:
        error = error.cause
    if error.cls_name == dg.DagsterExecutionInterruptedError.__name__:
        return FROM_OUTSIDE
    name, _, sentence = error.message.strip().partition(": ")
    return sentence if name.startswith(("analytics_pipeline.", "resources.")) else error.message.strip()
