"""Why a published number changed, as `metric_revision` records it."""

LATE_EVENTS = "late events"
"""Events came, or were recognised, after the number had been published."""

RECOMPUTED = "recomputed"
"""The same events were counted again, by another definition or from a repaired lake."""
