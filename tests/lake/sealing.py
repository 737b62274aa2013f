"""A process that seals and builds learner days, for tests that kill it.

Arguments: database URL, lake, scratch folder, first and last day.
"""

import sys
from datetime import date
from pathlib import Path

import psycopg

from analytics_pipeline.database.turn import hold_turn
from analytics_pipeline.days import DayRange
from analytics_pipeline.engine import Engine
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.lake.learner_days import build_learner_days
from analytics_pipeline.lake.seal import seal_days
from analytics_pipeline.run import PipelineRun
from analytics_pipeline.settings import Settings

STARTED = "started"
DAYS_AT_ONCE = 2


def main(url: str, lake: str, scratch: str, first: str, last: str) -> None:
    days = list(DayRange(date.fromisoformat(first), date.fromisoformat(last)))
    with (
        hold_turn(url, "sealing", has_ended=lambda _: False, on_wait=lambda _: None) as turn,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        engine = Engine(Path(scratch), threads=1)
        run = PipelineRun(connection, Lake(lake), engine, turn, Settings(_env_file=None))
        print(STARTED, flush=True)  # noqa: T201  # the test waits for it
        for at in range(0, len(days), DAYS_AT_ONCE):
            result = seal_days(run, days[at : at + DAYS_AT_ONCE], lambda _: None)
            if result.failures:
                raise SystemExit(str(result.failures))
            build_learner_days(run, days[at : at + DAYS_AT_ONCE], lambda _: None)


if __name__ == "__main__":
    main(*sys.argv[1:])
