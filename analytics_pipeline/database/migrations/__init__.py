"""Alembic migrations of the schemas `ingest` and `analytics`."""
