"""Runs started together, through the queue and without it: never do two of them hold the turn."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest
from dagster._cli.job import _create_run
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget

from analytics_pipeline.days import DayRange
from sensors.jobs import CODE_LOCATION, NIGHTLY, range_tags
from tests.dagster_site import FIRST, Site
from tests.end_to_end.system import wait_for

WORKSPACE = str(Path(__file__).parents[2] / "workspace.yaml")
DAY = DayRange(FIRST, FIRST)
OVER = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


@contextmanager
def _daemon(site: Site) -> Iterator[None]:
    """The one daemon, which takes runs out of the queue; at the end of the block it is over."""
    with (site.settings.home / "daemon.log").open("wb") as output:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("dagster-daemon")), "run", "-w", WORKSPACE],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=site.environment,
            process_group=0,
        )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)


def _enqueue(instance: dg.DagsterInstance, runs: int) -> None:
    """Put runs of the nightly job into the queue, as the UI and the schedule do."""
    with WorkspaceProcessContext(instance, WorkspaceFileTarget([WORKSPACE])) as process:
        workspace = process.create_request_context()
        location = workspace.get_code_location(CODE_LOCATION)
        (repository,) = location.get_repositories().values()
        for _ in range(runs):
            run = _create_run(
                instance=instance,
                code_location=location,
                remote_repo=repository,
                remote_job=repository.get_full_job(NIGHTLY),
                run_config={},
                tags=range_tags(DAY),
                op_selection=None,
                run_id=None,
            )
            instance.submit_run(run.run_id, workspace)


@pytest.mark.timeout(600)
def test_runs_of_the_queue_and_of_the_command_line_take_turns(site: Site) -> None:
    site.deliver([FIRST])
    site.record_turns()
    with site.instance() as instance, _daemon(site):
        _enqueue(instance, 2)
        outcome = site.execute(DAY)
        wait_for(lambda: len(instance.get_run_ids(dg.RunsFilter(statuses=OVER))) == 3, seconds=240)
        assert {run.status for run in instance.get_runs()} == {dg.DagsterRunStatus.SUCCESS}
    assert outcome.success, outcome.error
    turns = site.turns()
    assert len({held.run_id for held in turns}) == len(turns) == 3
    assert all(earlier.until <= later.since for earlier, later in pairwise(turns))
