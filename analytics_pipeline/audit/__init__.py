"""The audit log of runs, `analytics.job_run`: kept beside Dagster's records, and longer than they are."""
