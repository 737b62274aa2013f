"""What a failed run says of its failure, read from its events."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    # Not exported by Dagster, although its events carry it.
    from dagster_shared.error import SerializableErrorInfo

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


def _step_error(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return str(data.user_failure_data.description)
    return "no reason is known" if data.error is None else _root(data.error)


def _end(event: dg.DagsterEvent) -> str:
    # None where whoever declared the run dead knew nothing but that.
    data = None if event.event_specific_data is None else event.job_failure_data
    return event.message or FROM_OUTSIDE if data is None or data.error is None else _root(data.error)


def _root(error: "SerializableErrorInfo") -> str:
    """The innermost error, which is ours; Dagster wraps it in errors of its own."""
    while error.cause is not None:
        error = error.cause
    name, _, sentence = error.message.strip().partition(": ")
    return sentence if name.startswith("analytics_pipeline.") else error.message.strip()
