"""Ends the services when their supervisor was killed and could not do so itself.

`python -m analytics_pipeline.supervisor.watchdog [--server HOME]`, started by the supervisor in a session
of its own. Each line on standard input lists the process groups that run now. The end of the input means
that the supervisor is gone: what the last line named is ended, then the embedded server under HOME.
It inherits the lock of the HOME, so that no other supervisor starts before it is through.
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from analytics_pipeline.supervisor.groups import stop_groups

GRACE_SECONDS = 8.0


class Watchdog:
    """The supervisor's end of the line to the watchdog process."""

    def __init__(self, *, lock: int, server_home: Path | None) -> None:
        self._command = [sys.executable, "-m", __name__]
        if server_home is not None:
            self._command += ["--server", str(server_home.absolute())]
        self._lock = lock
        self._groups: list[int] = []
        self._start()

    def tell(self, groups: Iterable[int]) -> None:
        """Let it know which process groups run now."""
        self._groups = list(groups)
        if self._is_alive():
            self._write()

    def revive(self) -> None:
        """Start it again when it has ended, and let it know what runs."""
        if not self._is_alive():
            self.dismiss()
            self._start()
            self._write()

    def dismiss(self) -> None:
        """End it: nothing is left to be watched."""
        self._process.kill()
        self._process.wait()
        os.close(self._line)

    def _start(self) -> None:
        reading, self._line = os.pipe()
        self._process = subprocess.Popen(
            self._command, stdin=reading, pass_fds=(self._lock,), start_new_session=True
        )
        os.close(reading)

    def _is_alive(self) -> bool:
        return self._process.poll() is None

    def _write(self) -> None:
        os.write(self._line, (" ".join(str(group) for group in self._groups) + "\n").encode())


def main(arguments: list[str]) -> None:
    """Watch until the input ends, then clean up."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", type=Path)
    options = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: list[int] = []
    for line in sys.stdin:
        groups = [int(word) for word in line.split()]
    stop_groups(groups, grace_seconds=GRACE_SECONDS)
    if options.server is not None:
        _stop_server(options.server)


def _stop_server(home: Path) -> None:
    # Only a watchdog that has to act pays for this import.
    from analytics_pipeline.database.embedded import EmbeddedServer  # noqa: PLC0415

    EmbeddedServer(home).stop()


if __name__ == "__main__":
    main(sys.argv[1:])
