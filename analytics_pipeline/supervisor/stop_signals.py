"""Ctrl-C, SIGTERM and SIGHUP, which end the services and not at once the program."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class StopRequestedError(Exception):
    """Ctrl-C, SIGTERM or SIGHUP arrived."""


class StopSignals:
    """Takes note of them within the block of `noted`, in the main thread."""

    def __init__(self) -> None:
        self.came = False

    def check(self) -> None:
        """Raise StopRequestedError when one came."""
        if self.came:
            raise StopRequestedError

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Handle them within the block; what handled them before does so again after it."""

        def take_note(_number: int, _frame: object) -> None:
            self.came = True

        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, take_note) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
