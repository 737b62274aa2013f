"""Decides which days may be let go of: plain values in, plain values out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from analytics_pipeline.lake.catalogue import LakeDay
from analytics_pipeline.settings import Settings


@dataclass(frozen=True)
class Horizons:
    """Days before `raw_before` lose their raw events, days before `learners_before` their learner days."""

    raw_before: date
    learners_before: date


@dataclass(frozen=True)
class Plan:
    """What to let go of, oldest first, and the sentence on what holds younger days back."""

    raw: list[LakeDay]
    learners: list[LakeDay]
    held_back: str | None

    @property
    def events(self) -> int:
        """Raw events that go."""
        return sum(row.events for row in self.raw)

    @property
    def bytes(self) -> int:
        """Bytes of the raw files that go."""
        return sum(row.bytes for row in self.raw)


def horizons(settings: Settings, today: date, as_of: date | None) -> Horizons | None:
    """How far back days are kept; None where they are kept for ever, or nothing is published yet.

    Learner days stay until every window of the metrics is over, so that no cohort is frozen while it is open.
    """
    if settings.retention_days is None or as_of is None:
        return None
    windows = (
        settings.funnel_window_days,
        *settings.funnel_windows.values(),
        settings.refund_window_days,
        settings.quiet_days,
    )
    longest = max(settings.retention_days, *windows)
    raw_before = today - timedelta(days=settings.retention_days)
    return Horizons(raw_before, min(raw_before, as_of + timedelta(days=1 - longest)))


def plan_pruning(rows: Sequence[LakeDay], unsealed: Collection[date], horizons: Horizons) -> Plan:
    """Which of `rows` (all days that are not frozen yet, oldest first) are let go of.

    Days go in order and without a gap, so that what is frozen lies before what is not: the first day that is
    not published as it was sealed, or that waits in the inbox (`unsealed`), keeps all younger ones.
    """
    raw, learners = list[LakeDay](), list[LakeDay]()
    expected = None
    for row in rows:
        if row.day >= horizons.raw_before:
            break
        problem = _problem(row, expected, unsealed)
        if problem is not None:
            return Plan(raw, learners, f"{problem}, so it and what comes after it are kept")
        if not row.pruned:
            raw.append(row)
        if row.day < horizons.learners_before:
            learners.append(row)
        expected = row.day + timedelta(days=1)
    return Plan(raw, learners, None)


def _problem(row: LakeDay, expected: date | None, unsealed: Collection[date]) -> str | None:
    if expected is not None and row.day != expected:
        return f"{expected} was never sealed"
    if row.pruned:
        return None
    if row.day in unsealed:
        return f"{row.day} has events in the inbox"
    if row.learner_version != row.version or row.published_version != row.version:
        return f"{row.day} is not published as it was sealed"
    return None
