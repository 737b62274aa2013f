"""What must be said before any number: that it is old, that a run has failed, or a check has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from analytics_pipeline.admin.answers.base import Provenance, PublicationFailure
from analytics_pipeline.admin.dashboard.standing import ENDED
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.admin.words import day, instant, number
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


def read_notices(view: View, provenance: Provenance, now: datetime) -> list[Notice]:
    """The notices at `now` for an answer of that provenance, the gravest first."""
    notices = []
    ended = view.connection.execute(_NEWEST_END).one_or_none()
    if ended is not None and ended.status == RunStatus.FAILED:
        notices.append(
            Notice(
                f"The last run failed, {instant(ended.ended_at or ended.queued_at, view.rules.zone)}.",
                "What you see is what the run before it published.",
            )
        )
    notices += failure_notices(provenance.failures)
    notices += age_notices(provenance.complete_through, day_of(now, view.rules.zone))
    return notices


def failure_notices(failures: Sequence[PublicationFailure]) -> Iterator[Notice]:
    """What keeps its old numbers because it could not be published: days first, then courses."""
    days = [failure for failure in failures if failure.day is not None]
    courses = [failure for failure in failures if failure.day is None]
    if days:
        yield Notice(f"The activity of {_days(days)} could not be published.", _why(days))
    if courses:
        yield Notice(
            f"The drop-off, funnels and quizzes of {_courses(courses)} could not be published.", _why(courses)
        )


def age_notices(complete_through: date | None, today: date) -> Iterator[Notice]:
    """That the numbers end too early."""
    age = (today - complete_through).days if complete_through else 0
    if age > DAYS_UNTIL_OLD:
        yield Notice(
            f"These numbers end with {day(complete_through)}, {age} days ago.",
            "Run `analytics status` to see which days are due and whether the nightly run works.",
        )


def _days(failures: Sequence[PublicationFailure]) -> str:
    days = sorted({failure.day for failure in failures if failure.day is not None})
    if len(days) == 1:
        return day(days[0])
    return f"{number(len(days))} days from {day(days[0])} to {day(days[-1])}"


def _courses(failures: Sequence[PublicationFailure]) -> str:
    names = [failure.course_id for failure in failures if failure.course_id is not None]
    if len(names) < len(failures):
        return "all courses"
    return f"the course {names[0]}" if len(names) == 1 else f"{number(len(names))} courses"


def _why(failures: Sequence[PublicationFailure]) -> str:
    """That old numbers stand, and the reason; of several reasons, the newest."""
    newest = max(failures, key=lambda failure: failure.failed_at)
    return f"What was published before stands. The reason: {newest.message.rstrip('.')}."
