"""Process groups: each service is the leader of one, so that its descendants end with it."""

import os
import signal
import time
from collections.abc import Callable, Iterable

POLL_SECONDS = 0.05


def is_alive(group: int) -> bool:
    """Whether any process of the group is left (one that waits to be reaped counts)."""
    return _signal(group, 0)


def stop_groups(
    groups: Iterable[int], *, grace_seconds: float, reap: Callable[[], object] = lambda: None
) -> None:
    """End all processes of these groups: asked to at once, killed when the grace is over.

    `reap` is called while waiting, for a caller who is the parent of the leaders.
    """
    remaining = [group for group in groups if _signal(group, signal.SIGTERM)]
    remaining = _wait(remaining, grace_seconds, reap)
    for group in remaining:
        _signal(group, signal.SIGKILL)
    _wait(remaining, 2.0, reap)


def _wait(groups: list[int], seconds: float, reap: Callable[[], object]) -> list[int]:
    deadline = time.monotonic() + seconds
    while True:
        reap()
        groups = [group for group in groups if is_alive(group)]
        if not groups or time.monotonic() > deadline:
            return groups
        time.sleep(POLL_SECONDS)


def _signal(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True
