"""The database server, which the supervisor keeps running as it does the services."""

import time
from collections.abc import Callable
from typing import Protocol

from structlog.typing import WrappedLogger

from analytics_pipeline.database.data_directory import EmbeddedServerError

CHECK_SECONDS = 1.0


class DatabaseServer(Protocol):
    """A database server that can be kept running."""

    def is_running(self) -> bool: ...  # noqa: D102
    def start(self) -> None: ...  # noqa: D102
    def stop(self) -> None: ...  # noqa: D102


class KeptServer:
    """Starts it, starts it again when it has ended, and stops it; `is_ours` unless it ran before."""

    def __init__(self, server: DatabaseServer, log: WrappedLogger, say: Callable[[str], None]) -> None:
        self._server = server
        self._log = log
        self._say = say
        self._checked = 0.0
        self.is_ours = not server.is_running()

    def start(self) -> None:
        """Start it; return when it answers. Raises EmbeddedServerError."""
        self._server.start()
        self._say("PostgreSQL is ready.")

    def revive(self) -> None:
        """Start it again when it has ended, which is looked at every second; a start that fails is told."""
        now = time.monotonic()
        if now - self._checked < CHECK_SECONDS:
            return
        self._checked = now
        if self._server.is_running():
            return
        self._log.warning("died", service="postgresql")
        self._say("PostgreSQL has ended; it is restarted.")
        try:
            self.start()
        except EmbeddedServerError as error:
            self._say(f"PostgreSQL does not start, which is tried again: {error}")

    def stop(self) -> None:
        """Stop it when it is ours."""
        if self.is_ours:
            self._server.stop()
            self._log.info("stopped", service="postgresql")
