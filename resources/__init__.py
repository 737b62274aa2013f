"""What assets, checks and schedules are given: the run that holds the turn, and the database to read."""

from resources.connections import keep_connections
from resources.current_run import NO_WAIT_TAG, SKIPPED_TAG, CurrentRun
from resources.database import DatabaseResource

__all__ = ["NO_WAIT_TAG", "SKIPPED_TAG", "CurrentRun", "DatabaseResource", "keep_connections"]
