"""What the supervisor starts: services that run on, and steps that must end well before they may."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analytics_pipeline.supervisor.groups import stop_groups
from analytics_pipeline.supervisor.processes import log_path, open_log, spawn

GROUP_GRACE_SECONDS = 5.0
LONGEST_DELAY_SECONDS = 30.0
CALM_SECONDS = 60.0
TAIL_LINES = 12


@dataclass(frozen=True)
class Step:
    """A command that must end with 0 before any service starts."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Service:
    """A command that is to run for as long as the supervisor does.

    `is_ready` tells whether it does its work by now; `address` is what people are shown. Its first process
    has `grace_seconds` to end what it started before all of them are asked to end.
    """

    name: str
    command: Sequence[str]
    is_ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    grace_seconds: float = 10.0


@dataclass(frozen=True)
class Plan:
    """What runs: steps one after the other, then the services all at once; they stop in the given order.

    `task` is a command that starts when all are ready and writes to the terminal. Everything stops with
    it, with its exit code, unless it ended well and `stay` is set.
    """

    services: Sequence[Service]
    steps: Sequence[Step] = ()
    task: Step | None = None
    stay: bool = True


def restart_delay(deaths: Sequence[float], now: float) -> float:
    """Seconds to wait before the next start: at once, then doubling, calm again after a minute of peace."""
    recent = sum(1 for death in deaths if now - death < CALM_SECONDS)
    return 0.0 if recent <= 1 else min(LONGEST_DELAY_SECONDS, 0.5 * 2.0 ** (recent - 1))


class Child:
    """The process of one service: leader of its own group, output appended to a log file of its own."""

    def __init__(self, service: Service, *, folder: Path, environment: Mapping[str, str]) -> None:
        self.service = service
        self.log = log_path(folder, service.name)
        self.deaths: list[float] = []
        self.was_ready = False
        self.start_after = 0.0
        self._folder = folder
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> int:
        """Start the process and return its process group."""
        environment = {**self._environment, **self.service.environment}
        with open_log(self.log) as log:
            self._process = spawn(
                self.service.command, folder=self._folder, environment=environment, output=log
            )
        return self._process.pid

    @property
    def group(self) -> int | None:
        """The process group while the process runs, else None."""
        return None if self._process is None else self._process.pid

    def take_death(self) -> int | None:
        """The exit code once, when the process has ended since it was asked last; its group ends too."""
        if self._process is None:
            return None
        code = self._process.poll()
        if code is None:
            return None
        stop_groups([self._process.pid], grace_seconds=1.0)
        self._process = None
        self.deaths.append(time.monotonic())
        return code

    def stop(self) -> None:
        """End the process and everything that it started: politely, then firmly, within bounded time."""
        process, self._process = self._process, None
        if process is None:
            return
        # The leader first: a server that stops its own workers does it best.
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(self.service.grace_seconds)
        stop_groups([process.pid], grace_seconds=GROUP_GRACE_SECONDS, reap=process.poll)
        process.wait()

    def log_tail(self) -> str:
        """The last lines of the log, for people who ask what went wrong."""
        if not self.log.exists():
            return ""
        text = self.log.read_bytes()[-8_000:].decode(errors="replace")
        return "\n".join(text.splitlines()[-TAIL_LINES:])
