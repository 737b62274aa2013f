"""One supervisor, and so one Dagster daemon, per HOME: a file lock that the watchdog shares."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK_FILE = "supervisor.lock"
PATIENCE_SECONDS = 30.0


class HomeTakenError(Exception):
    """Another supervisor works with this HOME; the message is one sentence for its user."""


@contextmanager
def hold_home(home: Path) -> Iterator[int]:
    """Hold the lock of `home` and yield its file descriptor, for the watchdog to inherit.

    A supervisor that was killed leaves the lock with its watchdog until every service has ended; that
    is waited for. A living supervisor is not: HomeTakenError names it at once.
    """
    home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _try_lock(descriptor):
            holder = _holder(descriptor)
            if holder is not None and _is_alive(holder):
                raise _taken(home, holder)
            if time.monotonic() > deadline:
                raise HomeTakenError(
                    f"The services of {home} are still being stopped after their supervisor was killed; "
                    "try again in a minute."
                )
            time.sleep(0.2)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def refuse_taken(home: Path) -> None:
    """Raise HomeTakenError where a living supervisor works with `home` now."""
    holder = running_supervisor(home)
    if holder is not None and _is_alive(holder):
        raise _taken(home, holder)


def running_supervisor(home: Path) -> int | None:
    """The process id of the supervisor that works with `home` now, else None."""
    try:
        descriptor = os.open(home / LOCK_FILE, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        return None if _try_lock(descriptor) else _holder(descriptor)
    finally:
        os.close(descriptor)


def _taken(home: Path, holder: int) -> HomeTakenError:
    return HomeTakenError(
        f"The services of {home} run already, under process {holder}; stop that one first "
        f"(Ctrl-C in its terminal, or kill {holder})."
    )


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).decode()
    return int(text) if text.isdigit() else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
