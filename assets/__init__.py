"""What is materialized: thin Dagster assets and their checks."""
