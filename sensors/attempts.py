"""How earlier runs of a day have ended, and whether it may be asked for again."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

import dagster as dg

from analytics_pipeline.days import DayRange
from resources import SKIPPED_TAG
from resources.old_runs import ENDED
from sensors.jobs import days_asked
from sensors.run_errors import is_lost
from sensors.run_events import failures_of

LATE_EVENTS_EVERY = timedelta(hours=1)
"""A day that went through is due again with its first late event; more of them follow as a rule."""

BACK_OFF = timedelta(minutes=10)
"""Before the first retry of what was lost; twice as long before the second, and again before the third."""

MOST_RETRIES = 3

MEMORY = timedelta(hours=24)
"""A night asks for every due day; what failed is left to it."""


class Ending(Enum):
    """How an attempt ended; lost is one whose worker died, or whose connection broke."""

    SUCCESS = "success"
    LOST = "lost"
    FAILED = "failed"


@dataclass(frozen=True)
class Attempt:
    """A run that is over."""

    days: DayRange
    ended: datetime
    ending: Ending


def may_be_asked(day: date, attempts: Iterable[Attempt], now: datetime) -> bool:
    """Whether a due day may be asked for now, in view of its attempts within MEMORY.

    A failure of our own logic is not tried again: it would fail again. What was lost is, at most MOST_RETRIES
    times with growing pauses. A day that went through waits an hour.
    """
    endings = sorted((each for each in attempts if day in each.days), key=lambda each: each.ended)
    if not endings:
        return True
    last = endings[-1]
    if last.ending is Ending.SUCCESS:
        return now - last.ended >= LATE_EVENTS_EVERY
    lost = 0
    for attempt in reversed(endings):
        if attempt.ending is Ending.SUCCESS:
            break
        if attempt.ending is Ending.FAILED:
            return False
        lost += 1
    return lost <= MOST_RETRIES and now - last.ended >= BACK_OFF * 2 ** (lost - 1)


def recent_attempts(instance: dg.DagsterInstance, now: datetime) -> list[Attempt]:
    """The runs that ended within MEMORY and had days, whatever had asked for them."""
    over = dg.RunsFilter(statuses=ENDED, updated_after=now - MEMORY)
    return [each for record in instance.get_run_records(over) if (each := _attempt(instance, record))]


def _attempt(instance: dg.DagsterInstance, record: dg.RunRecord) -> Attempt | None:
    run = record.dagster_run
    days = days_asked(run.tags)
    if days is None or SKIPPED_TAG in run.tags:
        return None
    return Attempt(days, record.update_timestamp, _ending(instance, run))


def _ending(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Ending:
    if run.is_success:
        return Ending.SUCCESS
    # Whoever cancelled a run does not want it back.
    lost = run.status is dg.DagsterRunStatus.FAILURE and is_lost(failures_of(instance, run.run_id))
    return Ending.LOST if lost else Ending.FAILED
