"""What commands tell people: a progress bar or a framed table on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

LINE_EVERY_SECONDS = 5.0


class Report(Protocol):
    """Takes how many are done by now, and of how many if that is known."""

    def __call__(self, done: int, total: int | None = None) -> None: ...  # noqa: D102


def say(text: str) -> None:
    """Print a line at once, also into a pipe."""
    typer.echo(text)


@contextmanager
def progress(what: str) -> Iterator[Report]:
    """Show how far `what` has come."""
    console = Console()
    if not console.is_terminal:
        yield _plain_lines(what)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
        task = bar.add_task(what, total=None)

        def show(done: int, total: int | None = None) -> None:
            bar.update(task, completed=done, total=total)

        yield show


def _plain_lines(what: str) -> Report:
    next_line = time.monotonic() + LINE_EVERY_SECONDS

    def show(done: int, total: int | None = None) -> None:
        nonlocal next_line
        if time.monotonic() >= next_line:
            next_line = time.monotonic() + LINE_EVERY_SECONDS
            say(f"{what}: {done:,}" + (f" of {total:,}" if total else ""))

    return show


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], without: str = "") -> None:
    """Print rows: framed on a terminal, separated by tabs elsewhere.

    `without` is a sentence for people, on stderr, where there is no row.
    """
    texts = [["" if value is None else _cell(value) for value in row] for row in rows]
    if not texts and without:
        typer.echo(without, err=True)
    console = Console()
    if not console.is_terminal:
        for row in [list(columns), *texts]:
            say("\t".join(row))
        return
    framed = Table(*columns)
    for row in texts:
        framed.add_row(*row)
    console.print(framed)


def _cell(value: object) -> str:
    return f"{value:%Y-%m-%d %H:%M %Z}" if isinstance(value, datetime) else str(value)
