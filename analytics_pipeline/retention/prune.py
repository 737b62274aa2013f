"""One pass over everything that is let go of after its time; ends every night, and is `analytics prune`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from psycopg import Connection

from analytics_pipeline.erasure.quarantine import scrub_quarantine
from analytics_pipeline.erasure.tombstones import read_tombstones
from analytics_pipeline.retention.days import plan_days, prune_days
from analytics_pipeline.retention.late import quarantine_late
from analytics_pipeline.retention.plan import Plan
from analytics_pipeline.retention.records import (
    COUNT_QUARANTINE,
    COUNT_REVISIONS,
    count_before,
    prune_quarantine,
    prune_revisions,
    quarantine_horizon,
    revision_horizon,
)
from analytics_pipeline.run import PipelineRun
from analytics_pipeline.settings import Settings


@dataclass(frozen=True)
class Pruning:
    """What is let go of, or would be: days in the plan, and rows."""

    plan: Plan
    quarantined: int
    revisions: int
    late: int = 0

    def sentences(self) -> list[str]:
        """The same for people."""
        raw, learners = self.plan.raw, self.plan.learners
        told = [
            f"raw events: {len(raw)} days{_span(self.plan)}",
            f"in them: {self.plan.events} events, {self.plan.bytes} bytes",
            f"learner days: {len(learners)} days",
            f"quarantine: {self.quarantined} events; changes of numbers: {self.revisions}",
        ]
        return told + ([f"held back: {self.plan.held_back}"] if self.plan.held_back else [])


def preview_pruning(connection: Connection, settings: Settings) -> Pruning:
    """What a pass would let go of now; changes nothing."""
    now = datetime.now(UTC)
    return Pruning(
        plan_days(connection, settings, now),
        count_before(connection, COUNT_QUARANTINE, quarantine_horizon(settings, now)),
        count_before(connection, COUNT_REVISIONS, revision_horizon(settings, now)),
    )


def prune(run: PipelineRun, report: Callable[[str], None], now: datetime | None = None) -> Pruning:
    """Let go of everything whose time is over; idempotent, and safe to be killed at any moment.

    What came too late for a pruned day goes to quarantine, and out of it goes what erased learners sent.
    """
    now = now or datetime.now(UTC)
    tombstones = read_tombstones(run.connection, run.settings)
    late = quarantine_late(run, tombstones)
    scrub_quarantine(run, tombstones)
    plan = plan_days(run.connection, run.settings, now)
    prune_days(run, plan, report)
    return Pruning(plan, prune_quarantine(run, now), prune_revisions(run, now), late)


def _span(plan: Plan) -> str:
    return f" ({plan.raw[0].day} to {plan.raw[-1].day})" if plan.raw else ""
