"""One entry of the audit log, and its vocabulary; a check of the database holds the words."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

ACTION = "ANALYTICS_JOB_RUN"


class RunStatus(StrEnum):
    """How a run stands; the first two are in flight and will change."""

    QUEUED = "QUEUED"
    STARTED = "STARTED"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


IN_FLIGHT = (RunStatus.QUEUED, RunStatus.STARTED)


class Trigger(StrEnum):
    """What asked for a run."""

    SCHEDULE = "schedule"
    SENSOR = "sensor"
    UI = "ui"
    BACKFILL = "backfill"
    CLI = "cli"


@dataclass(frozen=True)
class JobRun:
    """A run, or a night that was skipped; its id is stable, so that it can be written again and again.

    Instants are aware. `error` says why it failed or was skipped. `updated_at` is the last change that
    Dagster knows of, and `counts` what the run got done: days, events and rows, each where there are any.
    """

    run_id: str
    job: str
    status: RunStatus
    trigger: Trigger
    partition: str | None
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    error: str | None
    counts: dict[str, int]
    updated_at: datetime
    action: str = ACTION

    @property
    def duration_ms(self) -> int | None:
        """Milliseconds from start to end; None where it has not done both."""
        if self.started_at is None or self.ended_at is None:
            return None
        return round((self.ended_at - self.started_at).total_seconds() * 1000)
