"""What the answers need to know of the settings."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from analytics_pipeline.settings import Settings


@dataclass(frozen=True)
class Rules:
    """How numbers are shown."""

    min_cell: int
    zone: ZoneInfo
    window_days: int
    quiet_days: int
    refund_window_days: int


def rules_of(settings: Settings) -> Rules:
    """The rules that the settings state."""
    return Rules(
        settings.min_cell,
        settings.zone,
        settings.funnel_window_days,
        settings.quiet_days,
        settings.refund_window_days,
    )
