"""Waiting for what happens in other processes."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Return as soon as the condition holds; fail when it does not come to hold in time.

    What is costly to ask is asked less often: the processes waited for need the processors.
    """
    deadline = time.monotonic() + seconds
    while True:
        asked = time.monotonic()
        if condition():
            return
        answered = time.monotonic()
        assert answered < deadline, "waited in vain"
        time.sleep(min(max(0.01, 3 * (answered - asked)), 0.25))
