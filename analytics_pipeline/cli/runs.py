"""`analytics run`."""

import os
from datetime import date
from typing import Annotated

import typer

from analytics_pipeline.cli.days import parse_day
from analytics_pipeline.cli.errors import CommandError, foreseen_errors_exit
from analytics_pipeline.database.urls import Role, ensure_url
from analytics_pipeline.launching import launch_command, launch_environment
from analytics_pipeline.settings import load_settings


def run(
    first: Annotated[
        date, typer.Option("--from", metavar="DAY", parser=parse_day, help="First day, such as 2026-01-01.")
    ],
    last: Annotated[date, typer.Option("--to", metavar="DAY", parser=parse_day, help="Last day, included.")],
    wait: Annotated[
        bool, typer.Option(help="Wait for a run that works now, or end with an error that names it.")
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="Print the outcome as one line of JSON.")] = False,
) -> None:
    """Seal and publish the days of a range, as one run that shows in the Dagster UI.

    Exit codes: 0 all days went through, 1 failed, 2 nothing was started, 3 skipped.
    """
    # As `python -m sensors.launch` ends, so that a script can tell a wrong call from a failed run.
    with foreseen_errors_exit(2):
        if last < first:
            raise CommandError(
                f"A range cannot end ({last}) before it begins ({first}); swap --from and --to."
            )
        settings = load_settings()
        ensure_url(settings, Role.PIPELINE)
    command = launch_command(first, last, wait=wait, as_json=json)
    # In the place of this process: its signals and its exit code are the run's.
    os.execve(command[0], command, launch_environment(settings))  # noqa: S606
