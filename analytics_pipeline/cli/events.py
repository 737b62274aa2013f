"""`analytics import` and `analytics simulate`: events that enter through the HTTP door, like any client's."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from analytics_pipeline.addresses import ingest_url
from analytics_pipeline.cli.days import parse_day
from analytics_pipeline.cli.errors import CommandError
from analytics_pipeline.console import progress, say
from analytics_pipeline.database.urls import Role, ensure_url
from analytics_pipeline.importing.formats import SourceFormat, open_source
from analytics_pipeline.importing.sender import send
from analytics_pipeline.importing.source import BadLine, Source
from analytics_pipeline.local_access import local_write_key
from analytics_pipeline.settings import Settings, load_settings
from analytics_pipeline.simulate import FaultKind, parse_fault, simulate
from analytics_pipeline.supervisor.probes import answers

BAD_LINES_SHOWN = 10

Url = Annotated[
    str | None,
    typer.Option(help="Ingest service elsewhere; its write key is read from ANALYTICS_WRITE_KEY."),
]


def import_command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Files, or the folder with OULAD.")],
    source_format: Annotated[
        SourceFormat | None, typer.Option("--format", help="What they hold; without, told from the name.")
    ] = None,
    module: Annotated[
        list[str] | None, typer.Option(help="Only this module of OULAD (repeatable), such as AAA.")
    ] = None,
    url: Url = None,
) -> None:
    """Send the events of files (NDJSON, CSV, Parquet, xAPI or OULAD) through the HTTP endpoint.

    Sending a file again changes nothing.
    """
    settings = load_settings()
    bad_lines = _BadLines()
    source = open_source(files, source_format, zone=settings.zone, report=bad_lines.add, modules=module or ())
    _send(source, settings, url)
    if bad_lines.count:
        raise CommandError(
            f"{bad_lines.count:,} lines are no events and were left out; all others were sent."
        )


def simulate_command(
    *,
    courses: Annotated[int, typer.Option(min=1, help="How many courses.")] = 3,
    learners: Annotated[int, typer.Option(min=1, help="How many learners.")] = 200,
    days: Annotated[int, typer.Option(min=1, help="How many days, the last of them yesterday.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed gives the same events.")] = 1,
    last_day: Annotated[
        date | None, typer.Option(metavar="DAY", parser=parse_day, help="Last day, if not yesterday.")
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND:COURSE[:BEGINS[:MENDED]]",
            help=f"Plant a fault (repeatable): {', '.join(FaultKind)}; courses and days by number.",
        ),
    ] = None,
    url: Url = None,
) -> None:
    """Play a course platform: learners who differ, drop out, fail quizzes, buy and refund."""
    settings = load_settings()
    yesterday = datetime.now(settings.zone).date() - timedelta(days=1)
    faults = [parse_fault(text) for text in fault or ()]
    played = simulate(courses, learners, days, seed, last_day or yesterday, settings.zone, faults)
    _send(Source(map(msgspec.json.encode, played)), settings, url)


class _BadLines:
    """Counts lines that are no events, and shows the first ones."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, line: BadLine) -> None:
        self.count += 1
        if self.count <= BAD_LINES_SHOWN:
            typer.echo(str(line), err=True)


def _send(source: Source, settings: Settings, url: str | None) -> None:
    target, key = _target(settings, url)
    with progress("events sent") as report:
        summary = send(source.events, target, key, progress=lambda done: report(done, source.total))
    say(
        f"{summary.accepted:,} events accepted, {summary.rejected:,} rejected, {summary.requests:,} requests."
    )
    for reason, count in summary.reasons.items():
        say(f"  rejected {count:,}: {reason}")


def _target(settings: Settings, url: str | None) -> tuple[str, str]:
    if url is not None:
        if settings.write_key is None:
            raise CommandError(f"Set ANALYTICS_WRITE_KEY to a write key of {url}.")
        return url, settings.write_key.get_secret_value()
    own = ingest_url(settings)
    if not answers(f"{own}/readyz"):
        raise CommandError(f"No ingest service answers at {own}; start it with `analytics up`.")
    ensure_url(settings, Role.PIPELINE)
    return own, local_write_key(settings)
