"""The audit log of runs as it is answered, newest first."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.sql.elements import ColumnElement

from analytics_pipeline.admin.answers.base import Answer, Provenance
from analytics_pipeline.admin.answers.ranges import ALL_DAYS, EVER, Asked
from analytics_pipeline.admin.reading.cursors import decode_cursor, encode_cursor
from analytics_pipeline.admin.reading.provenance import provenance_of
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.audit.job_run import RunStatus, Trigger
from analytics_pipeline.database.tables import job_run
from analytics_pipeline.days import day_end, day_start

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RunLine(Answer):
    """A run, or a night that was skipped."""

    action: str
    """What was done: ANALYTICS_JOB_RUN."""
    run_id: str
    """Dagster's run; for a night that was skipped, the schedule and its instant."""
    job: str
    """The job; `assets` where assets were picked by hand."""
    status: RunStatus
    """How it stands; QUEUED and STARTED are in flight."""
    trigger: Trigger
    """What asked for it."""
    partition: str | None
    """Days that were asked for, as `first` or `first to last`."""
    queued_at: datetime
    """When it was asked for, or scheduled."""
    started_at: datetime | None
    """When its process began."""
    ended_at: datetime | None
    """When it ended."""
    duration_ms: int | None
    """Milliseconds from start to end."""
    error: str | None
    """Why it failed or was skipped."""
    counts: dict[str, int]
    """What it got done: days published, events sealed, rows published, revisions (numbers that changed)."""


class RunsAnswer(Answer):
    """A page of runs."""

    runs: list[RunLine]
    """The newest first."""
    next_cursor: str | None
    """Where the next page begins; null on the last page."""
    provenance: Provenance
    """How far the numbers reach."""


def read_runs(
    view: View,
    asked: Asked = ALL_DAYS,
    *,
    status: Sequence[RunStatus] = (),
    trigger: Sequence[Trigger] = (),
    cursor: str | None = None,
    limit: int = 100,
) -> RunsAnswer:
    """Runs that were asked for on those days of the site; WrongCursorError.

    Counts and errors speak of all courses, so they are kept from whoever may read certain courses only.
    """
    provenance = provenance_of(view)
    wanted: list[ColumnElement[bool]] = []
    if status:
        wanted.append(job_run.c.status.in_(status))
    if trigger:
        wanted.append(job_run.c.trigger.in_(trigger))
    days = asked.within(EVER, provenance.complete_through)
    if days is not None and days.first != EVER.first:
        wanted.append(job_run.c.queued_at >= day_start(days.first, view.rules.zone))
    if days is not None and days.last != EVER.last:
        wanted.append(job_run.c.queued_at < day_end(days.last, view.rules.zone))
    if cursor is not None:
        wanted.append(tuple_(job_run.c.queued_at, job_run.c.run_id) < tuple_(*_key(cursor)))
    order = (job_run.c.queued_at.desc(), job_run.c.run_id.desc())
    rows = view.connection.execute(select(job_run).where(*wanted).order_by(*order).limit(limit + 1))
    kept_back: dict[str, object] = {} if view.courses is None else {"counts": {}, "error": None}
    lines = [RunLine.model_validate(dict(row) | kept_back) for row in rows.mappings()]
    following = _cursor(lines[limit - 1]) if len(lines) > limit else None
    return RunsAnswer(runs=lines[:limit], next_cursor=following, provenance=provenance)


def _cursor(line: RunLine) -> str:
    return encode_cursor((line.queued_at - EPOCH) // timedelta(microseconds=1), line.run_id)


def _key(cursor: str) -> tuple[Any, Any]:
    micros, run_id = decode_cursor(cursor, int, str)
    # Beyond the year 9999 there is no run.
    return EPOCH + timedelta(microseconds=min(max(int(micros), 0), 253_370_764_800_000_000)), run_id
