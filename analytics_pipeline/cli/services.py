"""`analytics up` and `analytics demo`."""

from typing import Annotated

import typer

from analytics_pipeline.console import say
from analytics_pipeline.demo.command import run_demo
from analytics_pipeline.settings import load_settings
from analytics_pipeline.supervisor.plan import run_services


def up() -> None:
    """Start all services under one supervisor and keep them running until Ctrl-C.

    Without ANALYTICS_DATABASE_URL an embedded PostgreSQL is among them.
    """
    raise typer.Exit(run_services(load_settings(), say=say))


def demo(
    leave: Annotated[
        bool, typer.Option("--exit", help="Stop as soon as dashboard and API have answered with numbers.")
    ] = False,
) -> None:
    """Start everything under HOME/demo with 60 simulated days of a course platform."""
    raise typer.Exit(run_demo(load_settings(), leave=leave, say=say))
