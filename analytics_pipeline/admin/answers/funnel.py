"""The funnels of a course: how many came how far, so far and among those whose window is over."""

from collections.abc import Mapping
from typing import Any

from analytics_pipeline.admin.answers.base import Answer, EffectiveRange, Provenance
from analytics_pipeline.admin.answers.rates import Rate, count, rate

FUNNEL_STEPS = {
    "discovery": ("course_view", "enroll", "complete"),
    "completion": ("enroll", "complete"),
    "purchase": ("purchase", "enroll", "complete"),
}


class FunnelStep(Answer):
    """One step after the entry."""

    event_type: str
    """The event that reaches it."""
    so_far: Rate
    """Reached ÷ entered: a lower bound while windows are open."""
    mature: Rate
    """The same, of those entrants only whose window is over."""


class Funnel(Answer):
    """One funnel over a range of cohort days; entered = converted + open + dropped."""

    funnel: str
    """discovery, completion or purchase."""
    entry: str
    """The event by which a learner enters."""
    entered: int | None
    """Learners who entered."""
    converted: int | None
    """Those who reached the last step."""
    open: int | None
    """Not converted yet, and their window is still open: not lost."""
    dropped: int | None
    """Not converted, and their window is over."""
    refunded: int | None
    """Those whose entry order was refunded, whatever their state (purchase only)."""
    already_enrolled: int | None
    """Learners who had enrolled before their first course view and did not enter (discovery only)."""
    mature: int | None
    """Entrants whose window is over."""
    steps: list[FunnelStep]
    """The steps after the entry, in order."""
    hidden: bool
    """True where too few learners entered to be shown."""


class FunnelAnswer(Answer):
    """The funnels of one course."""

    course_id: str
    """Course."""
    course_title: str | None
    """Its title; null without a catalogue that gives one."""
    range: EffectiveRange
    """The days that the answer rests on."""
    provenance: Provenance
    """Where the numbers come from."""
    min_cell: int
    """Groups of fewer learners are hidden."""
    window_days: int
    """Days after entry within which a step counts."""
    funnels: list[Funnel]
    """Every funnel that anybody can enter; empty ones included."""


def funnel(name: str, sums: Mapping[str, Any], min_cell: int) -> Funnel:
    """The funnel `name` from sums of `course_funnel`; an empty mapping stands for no entrant."""
    entry, *later = FUNNEL_STEPS[name]
    entered, mature = sums.get("entered", 0), sums.get("mature", 0)

    def shown(column: str) -> int | None:
        return count(sums.get(column, 0), entered, min_cell)

    already_enrolled = sums.get("already_enrolled", 0)
    return Funnel(
        funnel=name,
        entry=entry,
        entered=shown("entered"),
        converted=shown("converted"),
        open=shown("open"),
        dropped=shown("dropped"),
        refunded=shown("refunded") if name == "purchase" else None,
        already_enrolled=count(already_enrolled, already_enrolled, min_cell) if name == "discovery" else None,
        mature=count(mature, mature, min_cell),
        steps=[
            FunnelStep(
                event_type=event_type,
                so_far=rate(sums.get(f"step_{number}", 0), entered, min_cell),
                mature=rate(sums.get(f"mature_step_{number}", 0), mature, min_cell),
            )
            for number, event_type in enumerate(later, start=2)
        ],
        hidden=entered > 0 and shown("entered") is None,
    )
