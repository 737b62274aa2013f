"""`analytics runs`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated

import sqlalchemy
import typer

from analytics_pipeline.admin.answers.ranges import Asked, WrongRangeError
from analytics_pipeline.admin.reading.publication import last_publication
from analytics_pipeline.admin.reading.runs import RunLine, read_runs
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.admin.rules import rules_of
from analytics_pipeline.audit.job_run import RunStatus, Trigger
from analytics_pipeline.cli.days import parse_day
from analytics_pipeline.cli.errors import CommandError
from analytics_pipeline.console import say, table
from analytics_pipeline.database.urls import Role, ensure_url, sqlalchemy_url
from analytics_pipeline.settings import Settings, load_settings

COLUMNS = ("asked for", "status", "trigger", "job", "days", "seconds", "events", "run", "error")


def runs(
    *,
    status: Annotated[
        list[RunStatus] | None, typer.Option(case_sensitive=False, help="Only these (repeatable).")
    ] = None,
    trigger: Annotated[
        list[Trigger] | None, typer.Option(case_sensitive=False, help="Only asked for by these (repeatable).")
    ] = None,
    first: Annotated[
        date | None, typer.Option("--from", metavar="DAY", parser=parse_day, help="Asked for on or after it.")
    ] = None,
    last: Annotated[
        date | None, typer.Option("--to", metavar="DAY", parser=parse_day, help="Asked for on or before it.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest first.")] = 20,
    json: Annotated[bool, typer.Option("--json", help="Print them as the API answers them.")] = False,
) -> None:
    """List runs and skipped nights, the newest first."""
    settings = load_settings()
    try:
        asked = Asked(None, first, last)
    except WrongRangeError as error:
        raise CommandError(str(error)) from error
    with _published(settings) as connection:
        view = View(connection, rules_of(settings), None, last_publication(connection))
        answer = read_runs(view, asked, status=status or (), trigger=trigger or (), limit=limit)
    if json:
        say(answer.model_dump_json(by_alias=True))
    else:
        table(
            COLUMNS,
            [_row(line) for line in answer.runs],
            without="No run and no skipped night fits.",
        )


@contextmanager
def _published(settings: Settings) -> Iterator[sqlalchemy.Connection]:
    engine = sqlalchemy.create_engine(sqlalchemy_url(ensure_url(settings, Role.ADMIN)))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _row(line: RunLine) -> tuple[object, ...]:
    seconds = None if line.duration_ms is None else f"{line.duration_ms / 1000:.1f}"
    error = None if line.error is None else " ".join(line.error.split())
    events = line.counts.get("events")
    return (
        *(line.queued_at, line.status, line.trigger, line.job, line.partition, seconds, events),
        *(line.run_id, error),
    )
