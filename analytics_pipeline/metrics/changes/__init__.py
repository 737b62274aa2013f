"""What has changed since the last publication of the cohort tables, and what a night counts of it."""
