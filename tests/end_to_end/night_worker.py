"""A process that runs the nights it is told to run, as the nightly job does; a test may kill it at any time.

Each line of input is a night: the day on which it falls, and a course that breaks a check then, or nothing.
"""

import json
import sys
from datetime import date
from unittest import mock

import psycopg

from analytics_pipeline.database.checks import Check
from analytics_pipeline.database.turn import hold_turn
from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.days import DayRange, contiguous_ranges
from analytics_pipeline.engine import Engine
from analytics_pipeline.lake.catalogue import as_of_day, due_days
from analytics_pipeline.lake.compact import collect_garbage
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.lake.learner_days import build_learner_days
from analytics_pipeline.lake.seal import seal_days
from analytics_pipeline.metrics import cohorts
from analytics_pipeline.metrics.cohort_checks import COHORT_CHECKS
from analytics_pipeline.metrics.failures import record_failed_days
from analytics_pipeline.metrics.publication import publish_daily
from analytics_pipeline.run import PipelineRun
from analytics_pipeline.settings import Settings, load_settings
from sensors.jobs import LONGEST_RANGE


def main() -> None:
    """Run every night of the input; after each, say how much of it failed."""
    settings = load_settings()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for number, line in enumerate(sys.stdin):
        today, bad_course = json.loads(line)
        failed = a_night(settings, f"night {number}", date.fromisoformat(today), bad_course)
        sys.stdout.write(f"{failed}\n")
        sys.stdout.flush()


def a_night(settings: Settings, run_id: str, today: date, bad_course: str | None) -> int:
    """Every due day before `today`, then the cohort tables; how many days and courses failed."""
    url = database_urls(settings).pipeline
    failed = 0
    with (
        hold_turn(url, run_id, has_ended=lambda _: False, on_wait=lambda _: None) as turn,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        engine = Engine(settings.home / "scratch", threads=1)
        run = PipelineRun(connection, Lake(settings.lake_root), engine, turn, settings)
        collect_garbage(run)
        for days in contiguous_ranges(due_days(connection, today), LONGEST_RANGE):
            failed += _days(run, days)
        as_of = as_of_day(connection, today)
        if as_of is not None:
            checks = [*COHORT_CHECKS, *_breaking(bad_course)]
            with mock.patch.object(cohorts, "COHORT_CHECKS", checks):
                failed += len(cohorts.publish_cohorts_as_of(run, as_of).failures())
    return failed


def _days(run: PipelineRun, days: DayRange) -> int:
    failures: dict[date, str] = {}
    for step in (seal_days, build_learner_days, publish_daily):
        left = [day for day in days if day not in failures]
        failures.update(step(run, left, lambda _: None).failures)
    record_failed_days(run, failures)
    return len(failures)


def _breaking(course: str | None) -> list[Check]:
    if course is None:
        return []
    quoted = course.replace("'", "''")
    query = f"SELECT course_id FROM new_course_funnel WHERE course_id = '{quoted}'"  # noqa: S608  # of the test
    return [Check("of_the_test", "Breaks for one course.", query, by_course=True)]


if __name__ == "__main__":
    main()
