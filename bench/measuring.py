"""What a contender's process tells of itself: seconds and CPU of each step, its peak memory, its numbers."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np

from analytics_pipeline.settings import Settings

Rows = list[dict[str, object]]

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Measured:
    """One run of a contender."""

    seconds: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    peak_mib: float = 0.0
    tables: dict[str, Rows] = field(default_factory=dict)

    def night(self, steps: Iterable[str]) -> float:
        """Wall seconds of these steps together, as far as the contender has them."""
        return sum(self.seconds.get(step, 0.0) for step in steps)

    def cpu_of(self, steps: Iterable[str]) -> float:
        """CPU seconds of these steps together."""
        return sum(self.cpu.get(step, 0.0) for step in steps)


class Recorder:
    """Takes the time of steps in this process; CPU of the processes `beside` it counts as its own."""

    def __init__(self, beside: Sequence[int] = ()) -> None:
        self._measured = Measured()
        self._processes = [os.getpid(), *beside]

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what happens within the block."""
        began, cpu = time.perf_counter(), self._cpu()
        yield
        self._measured.seconds[name] = time.perf_counter() - began
        self._measured.cpu[name] = self._cpu() - cpu

    def part(self, of: str, name: str) -> None:
        """Take the step `name`, which ran within `of`, out of it."""
        for times in (self._measured.seconds, self._measured.cpu):
            times[of] -= times[name]

    def finish(self) -> None:
        """Note the peak of memory; to be called before the numbers are read for comparison."""
        status = Path("/proc/self/status").read_text()
        self._measured.peak_mib = int(status.split("VmHWM:")[1].split()[0]) / 1024

    def tell(self, tables: Mapping[str, Iterable[Mapping[str, object]]]) -> None:
        """Print everything for the parent process to read."""
        for name, rows in tables.items():
            self._measured.tables[name] = [
                {column: _spelled(value) for column, value in row.items()} for row in rows
            ]
        json.dump(self._measured.__dict__, sys.stdout)

    def _cpu(self) -> float:
        return sum(map(_cpu_seconds, self._processes))


def run_contender(module: str, arguments: Sequence[str], settings: Settings) -> Measured:
    """Run a contender in a process of its own, with these settings, and what it told."""
    command = [sys.executable, "-m", module, *arguments]
    environment = os.environ | settings.as_environment()
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment).stdout
    return Measured(**json.loads(told))


def say(progress: str) -> None:
    """Tell who watches how far it is, apart from the report on standard output."""
    print(progress, file=sys.stderr, flush=True)


def _cpu_seconds(process: int) -> float:
    user, system = Path(f"/proc/{process}/stat").read_text().rsplit(") ", 1)[1].split()[11:13]
    return (int(user) + int(system)) / _TICKS


def _spelled(value: object) -> object:
    """The same value in the same words, whatever library it came from."""
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    if isinstance(value, np.generic):
        return _spelled(value.item())
    if isinstance(value, bool | float | Decimal):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, dict):
        return sorted((str(key), _spelled(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return [_spelled(item) for item in value]
    return value
