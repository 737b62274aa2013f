"""Whether the pipeline works, in words: is it running, when did it last succeed, what went wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import text

from analytics_pipeline.admin.reading.runs import RunLine, read_runs
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.admin.words import instant
from analytics_pipeline.audit.job_run import IN_FLIGHT, RunStatus

# A night, and the time that its run may take.
SUCCESS_EVERY = timedelta(hours=26)

_WAITING = text(
    "SELECT coalesce(sum(events), 0)::bigint AS events, min(oldest_received_at) AS oldest"
    " FROM analytics.pipeline_state"
)

ENDED = (RunStatus.SUCCESS, RunStatus.FAILED)
"""A night that was skipped neither succeeded nor failed."""

Level = Literal["good", "late", "failed", "unknown"]


@dataclass(frozen=True)
class Standing:
    """How the pipeline stands. `running` and `queued` are in flight, the oldest first."""

    level: Level
    headline: str
    running: Sequence[RunLine]
    queued: Sequence[RunLine]
    succeeded: RunLine | None
    failed: RunLine | None
    waiting_events: int
    waiting_since: datetime | None


def read_standing(view: View, now: datetime) -> Standing:
    """How the pipeline stands at `now`; `failed` is set where nothing has succeeded since it failed."""
    in_flight = read_runs(view, status=IN_FLIGHT).runs[::-1]
    succeeded = read_runs(view, status=(RunStatus.SUCCESS,), limit=1).runs
    waiting = view.connection.execute(_WAITING).one()
    ended = read_runs(view, status=ENDED, limit=1).runs
    failed = next((run for run in ended if run.status is RunStatus.FAILED), None)
    success = succeeded[0] if succeeded else None
    level, headline = judge(success, failed, now, view.rules.zone)
    return Standing(
        level=level,
        headline=headline,
        running=[run for run in in_flight if run.status is RunStatus.STARTED],
        queued=[run for run in in_flight if run.status is RunStatus.QUEUED],
        succeeded=success,
        failed=failed,
        waiting_events=waiting.events,
        waiting_since=waiting.oldest,
    )


def judge(
    succeeded: RunLine | None, failed: RunLine | None, now: datetime, zone: ZoneInfo
) -> tuple[Level, str]:
    """The level, and the sentence that says why; `failed` is a failure that no success has followed."""
    if failed is not None:
        return "failed", f"The last run failed: {instant(failed.ended_at or failed.queued_at, zone)}."
    if succeeded is None or succeeded.ended_at is None:
        return "unknown", "Nothing has run yet."
    if now - succeeded.ended_at > SUCCESS_EVERY:
        return "late", f"No run has succeeded since {instant(succeeded.ended_at, zone)}."
    return "good", f"Working: the last run succeeded, {instant(succeeded.ended_at, zone)}."
