"""Brings event files of other systems in through the ingest endpoint, like any client."""
