"""Where events are sent, and how much one request may hold: for those who send and the service that takes."""

EVENT_PATH = "/api/analytics/event"
MAX_EVENTS = 1000
MAX_BODY_BYTES = 2**20
"""After decompression."""
