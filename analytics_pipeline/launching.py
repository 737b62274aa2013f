"""How a run over a range of days is started: in a process of its own, since Dagster lives there alone."""

import os
import sys
from datetime import date

from analytics_pipeline.dagster_home import dagster_environment
from analytics_pipeline.settings import Settings


def launch_command(first: date, last: date, *, wait: bool = True, as_json: bool = False) -> list[str]:
    """The command that runs the days from `first` to `last`; with `wait` it queues behind another run."""
    days = ["--from", first.isoformat(), "--to", last.isoformat()]
    options = ["--wait" if wait else "--no-wait", *(["--json"] if as_json else [])]
    return [sys.executable, "-m", "sensors.launch", *days, *options]


def launch_environment(settings: Settings) -> dict[str, str]:
    """Our environment with these settings and the place of Dagster's records."""
    return {**os.environ, **settings.as_environment(), **dagster_environment(settings)}
