"""What must be said before any number: that numbers are old, or that a run has failed."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from analytics_pipeline.admin.dashboard.standing import ENDED
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.admin.words import day, instant
from analytics_pipeline.audit.job_run import RunStatus
from analytics_pipeline.database.tables import job_run
from analytics_pipeline.days import day_of

# Yesterday is complete once the night's run has ended; a day more is given before the page complains.
DAYS_UNTIL_OLD = 2

_NEWEST_END = (
    select(job_run.c.status, job_run.c.ended_at, job_run.c.queued_at)
    .where(job_run.c.status.in_(ENDED))
    .order_by(job_run.c.queued_at.desc())
    .limit(1)
)


@dataclass(frozen=True)
class Notice:
    """A sentence that stands out, and what to do."""

    headline: str
    advice: str


def read_notices(view: View, complete_through: date | None, now: datetime) -> list[Notice]:
    """The notices at `now`, for numbers that are complete through that day; the gravest first."""
    notices = []
    ended = view.connection.execute(_NEWEST_END).one_or_none()
    if ended is not None and ended.status == RunStatus.FAILED:
        notices.append(
            Notice(
                f"The last run failed, {instant(ended.ended_at or ended.queued_at, view.rules.zone)}.",
                "What you see is what the run before it published.",
            )
        )
    age = (day_of(now, view.rules.zone) - complete_through).days if complete_through else 0
    if age > DAYS_UNTIL_OLD:
        notices.append(
            Notice(
                f"These numbers end with {day(complete_through)}, {age} days ago.",
                "Run `analytics status` to see which days are due and whether the nightly run works.",
            )
        )
    return notices
