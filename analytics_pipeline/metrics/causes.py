"""Why a published number changed, as `metric_revision` records it."""

LATE_EVENTS = "late events"
"""Events came, or were recognised, after the number had been published."""

ERASURE = "erasure"
"""A learner was erased; to be given by whoever erases, since events only look changed otherwise."""

DEFINITION_CHANGE = "definition change"
"""Its SQL changed, or a window, a threshold or the required lessons that it is computed with."""

RECOMPUTED = "recomputed"
"""The same events were counted again by the same definition, from a repaired lake."""
