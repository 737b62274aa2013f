"""Measures a day's night beside what people would use instead: the same events, cores and machine.

    python -m bench.night --events 5000000 --rounds 3 --contenders clickhouse

Each contender works in a process of its own, in turns; first it is checked that all give the same numbers.
Without arguments: a million events, three rounds, every contender.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.database.migrate import migrate
from analytics_pipeline.settings import Settings
from bench.days import DAYS
from bench.measuring import Measured, Rows, run_contender
from bench.night_ours import fill_inbox

STEPS = ("seal", "learner days", "daily tables", "cohort tables")
INBOX = ("copy out", "empty inbox")
OURS = "ours"
CONTENDERS = {"clickhouse": "ClickHouse (chdb)", "postgres": "SQL on PostgreSQL", "pandas": "pandas"}
"""The daily tables and all cohort tables of ClickHouse; lesson_cohort alone of the other two."""

Runs = dict[str, list[Measured]]


def main() -> None:
    """Measure both days and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contenders", nargs="*", choices=CONTENDERS, default=list(CONTENDERS))
    options = parser.parse_args()
    for line in night_report(options.events, options.rounds, options.contenders):
        print(line, flush=True)


def night_report(events: int, rounds: int, contenders: Sequence[str]) -> list[str]:
    """Both days measured with a server of their own, as a table in Markdown for each."""
    report: list[str] = []
    with tempfile.TemporaryDirectory(prefix="bench-night-") as folder:
        settings = Settings(home=Path(folder))
        server = EmbeddedServer(settings.home)
        try:
            migrate(settings)
            for name, make in DAYS.items():
                path = Path(folder) / f"{name}.ndjson"
                make(events, path)
                size = path.stat().st_size / 1e6
                report += ["", f"### The {name} day: {events:,} events, {size:,.0f} MB of NDJSON", ""]
                report += table(measure(settings, path, rounds, contenders))
                path.unlink()
        finally:
            server.remove()
    return report


def measure(settings: Settings, path: Path, rounds: int, contenders: Sequence[str]) -> Runs:
    """Every contender once a round; the first round's numbers are compared before the next one begins."""
    runs: Runs = {OURS: [], **{CONTENDERS[name]: [] for name in contenders}}
    for number in range(rounds):
        fill_inbox(settings, path)
        runs[OURS].append(run_contender("bench.night_ours", [], settings))
        for name in contenders:
            runs[CONTENDERS[name]].append(run_contender(f"bench.night_{name}", [str(path)], settings))
            if number == 0:
                compare(name, runs[OURS][0].tables, runs[CONTENDERS[name]][0].tables)
    return runs


def compare(name: str, ours: dict[str, Rows], theirs: dict[str, Rows]) -> None:
    """End with a sentence when a contender has another number, in any column of any table that it has."""
    for table, rows in theirs.items():
        wanted, found = (
            sorted(repr([row[column] for column in rows[0]]) for row in side) for side in (ours[table], rows)
        )
        if wanted != found:
            differing = next((pair for pair in zip(wanted, found, strict=False) if pair[0] != pair[1]), "")
            raise SystemExit(
                f"{name} has other numbers in {table}: {len(wanted)} rows of ours, {len(found)} of it,"
                f" {list(rows[0])}: {differing}"
            )


def table(runs: Runs) -> list[str]:
    """Medians of each step, wall and CPU, and how many times ours takes of a contender's night."""
    head = ["seconds (of CPU)", *INBOX, *STEPS, "night", "peak MiB", "ours / it"]
    lines = [_row(head), _row(["---"] * len(head))]
    ours = _median(run.night(STEPS) for run in runs[OURS])
    for name, measured in runs.items():
        cells = [_step(measured, step) if step in measured[0].seconds else "" for step in (*INBOX, *STEPS)]
        night = _median(run.night(STEPS) for run in measured)
        cpu = _median(run.cpu_of(STEPS) for run in measured)
        peak = max(run.peak_mib for run in measured)
        lines.append(_row([name, *cells, f"{night:.1f} ({cpu:.1f})", f"{peak:,.0f}", f"{ours / night:.2f}"]))
    return lines


def _step(measured: Sequence[Measured], step: str) -> str:
    wall = _median(run.seconds[step] for run in measured)
    cpu = _median(run.cpu[step] for run in measured)
    return f"{wall:.1f} ({cpu:.1f})"


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
