"""What starts a run and what watches it: the nightly job, its schedule, sensors, launches."""

from sensors.alerts import alerts_sensor
from sensors.catch_up import catch_up_sensor
from sensors.jobs import nightly_job
from sensors.lost_runs_sensor import lost_runs
from sensors.progress import progress_logger
from sensors.run_log_sensor import run_log
from sensors.schedule import hourly_schedule, nightly_schedule

__all__ = [
    "alerts_sensor",
    "catch_up_sensor",
    "hourly_schedule",
    "lost_runs",
    "nightly_job",
    "nightly_schedule",
    "progress_logger",
    "run_log",
]
