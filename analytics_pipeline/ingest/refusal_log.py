"""What the log says of refused requests, however many there are."""

import time

from analytics_pipeline.logs import logger


class RefusalLog:
    """A line for a refused request, at most one a second per code; the next says how many were left out."""

    def __init__(self) -> None:
        self._quiet_until: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def write(self, status: int, code: str, key_id: str | None) -> None:
        """Log the refusal, or count it when one of its code was logged within the last second."""
        now = time.monotonic()
        if now < self._quiet_until.get(code, 0.0):
            self._left_out[code] = self._left_out.get(code, 0) + 1
            return
        self._quiet_until[code] = now + 1.0
        logger.warning(
            "refused", status=int(status), code=code, key_id=key_id, left_out=self._left_out.pop(code, 0)
        )
