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
from analytics_pipeline.markdown import markdown_table
from analytics_pipeline.settings import Settings
from bench.days import DAYS
from bench.measuring import Measured, Rows, run_contender, say
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
    parser.add_argument("--days", nargs="+", choices=DAYS, default=list(DAYS))
    parser.add_argument("--contenders", nargs="*", choices=CONTENDERS, default=list(CONTENDERS))
    options = parser.parse_args()
    print("\n".join(night_report(options)).strip())


def night_report(options: argparse.Namespace) -> list[str]:
    """The days measured with a server of their own, as a table in Markdown for each."""
    report: list[str] = []
    with tempfile.TemporaryDirectory(prefix="bench-night-") as folder:
        settings = Settings(home=Path(folder))
        server = EmbeddedServer(settings.home)
        try:
            migrate(settings)
            for name in options.days:
                path = Path(folder) / f"{name}.ndjson"
                DAYS[name](options.events, path)
                size = path.stat().st_size / 1e6
                title = f"The {name} day: {options.events:,} events, {size:,.0f} MB of NDJSON"
                say(title)
                runs = measure(settings, path, options.rounds, options.contenders)
                report += ["", f"### {title}", "", table(runs)]
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
        say(f"round {number + 1}, {OURS}: {runs[OURS][-1].night(STEPS):.1f} s")
        for name in contenders:
            runs[CONTENDERS[name]].append(run_contender(f"bench.night_{name}", [str(path)], settings))
            say(f"round {number + 1}, {name}: {runs[CONTENDERS[name]][-1].night(STEPS):.1f} s")
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


def table(runs: Runs) -> str:
    """Medians of each step, wall and CPU, and how many times ours takes of a contender's night."""
    head = ["seconds (of CPU)", *INBOX, *STEPS, "night", "peak MiB", "ours / it"]
    rows = []
    ours = _median(run.night(STEPS) for run in runs[OURS])
    for name, measured in runs.items():
        cells = [_step(measured, step) if step in measured[0].seconds else "" for step in (*INBOX, *STEPS)]
        night = _median(run.night(STEPS) for run in measured)
        cpu = _median(run.cpu_of(STEPS) for run in measured)
        peak = max(run.peak_mib for run in measured)
        rows.append([name, *cells, f"{night:.1f} ({cpu:.1f})", f"{peak:,.0f}", f"{ours / night:.2f}"])
    return markdown_table(head, rows)


def _step(measured: Sequence[Measured], step: str) -> str:
    wall = _median(run.seconds[step] for run in measured)
    cpu = _median(run.cpu[step] for run in measured)
    return f"{wall:.1f} ({cpu:.1f})"


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)


if __name__ == "__main__":
    main()
