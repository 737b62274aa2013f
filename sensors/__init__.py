"""What starts a run and what watches it: jobs, schedules, sensors."""
