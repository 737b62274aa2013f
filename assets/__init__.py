"""What is materialized: thin Dagster assets and their checks."""

from assets.cohort_tables import cohort_tables
from assets.course_catalogue import course_catalogue
from assets.daily_tables import daily_tables
from assets.days import site_days
from assets.due_days import no_due_day_is_old
from assets.learner_days import learner_days
from assets.raw_events import raw_events
from assets.retention import retention
from assets.signal import signal
from assets.site import for_site

__all__ = [
    "cohort_tables",
    "course_catalogue",
    "daily_tables",
    "for_site",
    "learner_days",
    "no_due_day_is_old",
    "raw_events",
    "retention",
    "signal",
    "site_days",
]
