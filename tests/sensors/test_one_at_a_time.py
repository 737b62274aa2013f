"""Runs started by every way at once: never do two of them write, and none is lost without a record."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice, pairwise
from pathlib import Path

import dagster as dg
import pytest

from analytics_pipeline.days import DayRange
from sensors.jobs import range_tags
from sensors.recording import record_runs
from tests.dagster_site import FIRST, Site
from tests.sensors.gui import WORKSPACE, open_gui
from tests.waiting import wait_until

DAY = DayRange(FIRST, FIRST)
OVER = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
WAYS = ("schedule", "cli", "ui", "backfill", "sensor", "impatient cli")


@contextmanager
def _daemon(site: Site) -> Iterator[None]:
    """The one daemon, which takes runs out of the queue; at the end of the block it is over."""
    with (site.settings.home / "daemon.log").open("wb") as output:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("dagster-daemon")), "run", "-w", WORKSPACE],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**site.environment, "ANALYTICS_SCHEDULE": "off"},
            process_group=0,
        )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)


@pytest.mark.parametrize("starts", [len(WAYS), pytest.param(50, marks=pytest.mark.soak)])
@pytest.mark.timeout(3600)
def test_starts_by_every_way_at_once_take_turns_and_each_leaves_a_record(site: Site, starts: int) -> None:
    site.deliver([FIRST])
    site.record_turns()
    ways = list(islice(cycle(WAYS), starts))
    launches: list[subprocess.Popen[str]] = []
    with site.instance() as instance, open_gui(instance) as gui, _daemon(site):
        for way in ways:
            if way == "backfill":
                gui.backfill(str(FIRST))
            elif way == "ui":
                gui.launch(range_tags(DAY))
            elif way in {"schedule", "sensor"}:
                gui.request({**range_tags(DAY), f"dagster/{way}_name": "nightly"})
            else:
                launches.append(site.launch(DAY, *(["--no-wait"] if way == "impatient cli" else [])))
        codes = [launch.wait(timeout=1800) for launch in launches]
        for launch in launches:
            launch.communicate()
        wait_until(lambda: len(instance.get_run_ids(dg.RunsFilter(statuses=OVER))) == starts, seconds=1800)
        with site.database.connect("pipeline") as connection:
            record_runs(instance, connection)
    with site.database.connect("admin") as connection:
        log = connection.execute("SELECT run_id, trigger, status FROM analytics.job_run").fetchall()
    skipped = codes.count(3)
    expected = Counter("cli" if way == "impatient cli" else way for way in ways)
    assert Counter(trigger for _, trigger, _ in log) == expected, "every start has its entry"
    assert Counter(status for *_, status in log) == Counter(SUCCESS=starts - skipped, SKIPPED=skipped)
    assert set(codes) <= {0, 3}
    turns = site.turns()
    assert {held.run_id for held in turns} == {run_id for run_id, _, status in log if status == "SUCCESS"}
    assert len(turns) == starts - skipped, "each of them held it once"
    assert all(earlier.until <= later.since for earlier, later in pairwise(turns))
    assert site.number("SELECT sum(events) FROM analytics.event_day") == 9
    assert site.count("analytics.metric_revision") == 0, "nothing was published twice with other numbers"
    assert site.count("ingest.inbox") == 0


@pytest.mark.parametrize("kills", [2, pytest.param(12, marks=pytest.mark.soak)])
@pytest.mark.timeout(3600)
def test_after_a_kill_at_any_moment_the_next_run_takes_over_and_a_stopped_one_can_write_no_more(
    site: Site, kills: int
) -> None:
    chance = random.Random(kills)
    began = time.monotonic()
    assert site.execute(DAY).success
    longest = 1.5 * (time.monotonic() - began) + 2
    for number in range(1, kills + 1):
        site.deliver([FIRST], course=f"course-{number + 1}")
        victim = site.launch(DAY)
        time.sleep(chance.uniform(0.5, longest))
        os.kill(victim.pid, signal.SIGSTOP)
        with site.instance() as instance:
            under_way = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
            stopped = number % 2 == 0 and bool(under_way)
            if stopped:
                instance.report_run_failed(under_way[0], "It does not move any more.")
            else:
                os.kill(victim.pid, signal.SIGKILL)
        outcome = site.execute(DAY)
        assert outcome.success, outcome.error
        counted = site.number("SELECT sum(events) FROM analytics.event_day")
        assert counted == 9 * number, "each event once, those of the killed run included"
        if stopped:
            os.kill(victim.pid, signal.SIGCONT)
        victim.communicate(timeout=120)
        assert site.number("SELECT sum(events) FROM analytics.event_day") == counted
        assert site.number("SELECT count(*) FROM analytics.turn WHERE run_id = %s", outcome.run_id) == 1
    with site.instance() as instance:
        # A run that was killed before it began holds nothing; the sensor `lost_runs` ends it after a while.
        left = {run.status for run in instance.get_runs()} - {dg.DagsterRunStatus.NOT_STARTED}
        assert left <= set(OVER)
