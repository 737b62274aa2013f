"""What starts a run and what watches it: the nightly job, its schedule, sensors, launches."""

from sensors.jobs import nightly_job
from sensors.progress import progress_logger
from sensors.run_log_sensor import run_log
from sensors.schedule import nightly_schedule

__all__ = ["nightly_job", "nightly_schedule", "progress_logger", "run_log"]
