"""Days on the command line."""

from datetime import date

import typer


def parse_day(text: str) -> date:
    """The day that a user wrote."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no day; write it like 2026-01-31") from error
