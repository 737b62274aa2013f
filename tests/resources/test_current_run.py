"""The turn of a run: from its first step to its last, whichever way it ends, and never two at a time."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg
import pytest

from analytics_pipeline.database.turn import TurnLostError, hold_turn
from analytics_pipeline.days import DayRange
from sensors.run_errors import is_lost
from sensors.run_events import failures_of
from tests.conftest import Server, fresh_database
from tests.dagster_site import FIRST, Site, record_run_under_way, site_of
from tests.waiting import wait_until

DAY = DayRange(FIRST, FIRST)
STOPPED = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'run %%' AND wait_event_type = 'Lock'
"""


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    code: int
    output: str
    errors: str


def _end(process: "subprocess.Popen[str]", heard: str = "") -> Ended:
    output, errors = process.communicate(timeout=120)
    return Ended(process.returncode, output, heard + errors)


@dataclass(frozen=True)
class Crowd:
    """Launches that came while another one, the holder, stood still in its first step."""

    site: Site
    holder_run_id: str
    holder: Ended
    waited: Ended
    refused: Ended
    interrupted: Ended


@pytest.fixture(scope="module")
def crowd(server: Server) -> Iterator[Crowd]:
    with fresh_database(server) as database:
        site = site_of(database)
        site.deliver([FIRST])
        site.record_turns()
        with database.connect("owner", autocommit=False) as connection:
            connection.execute("LOCK TABLE analytics.lake_day IN ACCESS EXCLUSIVE MODE")
            holder = site.launch(DAY, "--json")
            wait_until(lambda: site.number(STOPPED) > 0, seconds=180)
            waiting, refused = site.launch(DAY, "--json"), site.launch(DAY, "--no-wait", "--json")
            interrupted = site.launch(DAY)
            heard = [_until_it_waits(process) for process in (waiting, interrupted)]
            os.kill(interrupted.pid, signal.SIGINT)
            early = [_end(refused), _end(interrupted, heard[1])]
        with site.instance() as instance:
            first = instance.get_runs()[-1].run_id
        yield Crowd(site, first, _end(holder), _end(waiting, heard[0]), *early)


def _until_it_waits(process: "subprocess.Popen[str]") -> str:
    """What the program says on standard error until it says that it waits."""
    assert process.stderr is not None
    heard = ""
    for line in process.stderr:
        heard += line
        if line.startswith("Waiting for "):
            break
    return heard


def test_a_run_waits_for_its_turn_and_says_for_whom(crowd: Crowd) -> None:
    assert crowd.holder.code == crowd.waited.code == 0
    start, second_line = crowd.waited.errors.splitlines()[:2]
    assert json.loads(start)["status"] == "STARTED"
    assert second_line == f"Waiting for the run {crowd.holder_run_id}, whose turn it is."


def test_no_two_runs_hold_the_turn_at_once(crowd: Crowd) -> None:
    holder, waiter = crowd.site.turns()
    assert holder.run_id == crowd.holder_run_id
    assert holder.until <= waiter.since


def test_a_run_that_is_not_to_wait_says_why_it_was_skipped_and_leaves_a_record(crowd: Crowd) -> None:
    reason = f"locked: run {crowd.holder_run_id} in progress"
    assert crowd.refused.code == 3
    assert json.loads(crowd.refused.output) == {"skipped": True, "reason": reason}
    with crowd.site.instance() as instance:
        (record,) = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.CANCELED]))
    assert record.tags["analytics/skipped"] == reason


def test_a_run_that_waits_can_be_interrupted(crowd: Crowd) -> None:
    assert crowd.interrupted.code == 1
    assert "failed" in crowd.interrupted.output


def test_the_turn_is_held_from_before_the_first_step_to_after_the_last(site: Site) -> None:
    site.deliver([FIRST])
    site.record_turns()
    outcome = site.execute(DAY)
    (held,) = site.turns()
    kinds = (dg.DagsterEventType.STEP_START, dg.DagsterEventType.STEP_SUCCESS)
    with site.instance() as instance:
        log = instance.all_logs(outcome.run_id)
        pools = {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()}
    steps = [each.timestamp for each in log if each.dagster_event and each.dagster_event.event_type in kinds]
    assert held.run_id == outcome.run_id
    assert len(steps) == 16
    assert pools == {"analytics": 1}
    assert held.since.timestamp() < min(steps)
    assert max(steps) < held.until.timestamp()


def test_a_run_that_fails_gives_the_turn_back(site: Site) -> None:
    site.deliver_garbage(FIRST)
    site.record_turns()
    assert not site.execute(DAY).success
    (held,) = site.turns()
    assert held.until is not None


def test_the_run_after_a_killed_one_records_its_end_and_frees_its_slot(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.current_run.GRACE_SECONDS", 1.0)
    site.deliver([FIRST])
    with site.instance() as instance:
        killed = record_run_under_way(instance, site, FIRST)
        _hold_a_slot(instance, killed)
    outcome = site.execute(DAY)
    assert outcome.success, outcome.error
    assert site.status(killed.run_id) == dg.DagsterRunStatus.FAILURE


def _hold_a_slot(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    instance.event_log_storage.initialize_concurrency_limit_to_default("analytics")
    instance.event_log_storage.claim_concurrency_slot("analytics", run.run_id, "raw_events")


def test_a_run_that_dagster_has_ended_loses_its_turn_and_its_slot_although_it_lives(site: Site) -> None:
    site.deliver([FIRST])
    with site.instance() as instance:
        zombie = record_run_under_way(instance, site, FIRST)
        _hold_a_slot(instance, zombie)
        url = site.database.urls.pipeline
        with (
            hold_turn(url, zombie.run_id, has_ended=lambda _: False, on_wait=lambda _: None) as turn,
            site.database.connect("pipeline", autocommit=False) as connection,
        ):
            instance.report_run_canceled(zombie)
            outcome = site.execute(DAY)
            with pytest.raises(TurnLostError):
                turn.check(connection)
    assert outcome.success, outcome.error


def test_a_run_that_was_declared_over_while_it_waited_writes_nothing_when_its_turn_comes(site: Site) -> None:
    site.deliver([FIRST])
    url = site.database.urls.pipeline
    with site.instance() as instance:
        with hold_turn(url, "a-prune", has_ended=lambda _: False, on_wait=lambda _: None):
            launch = site.launch(DAY)
            started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
            wait_until(lambda: bool(instance.get_runs(started)), seconds=120)
            (run,) = instance.get_runs(started)
            instance.report_run_failed(run, "It does not move any more.")
        ended = _end(launch)
        assert is_lost(failures_of(instance, run.run_id)), "so that it is tried again"
    assert ended.code == 1
    assert "was recorded as over before its turn came" in ended.output
    assert site.count("ingest.inbox") == 1
    assert site.count("analytics.event_day") == 0


def test_a_holder_that_is_no_run_of_dagster_is_not_judged(site: Site) -> None:
    url = site.database.urls.pipeline
    with hold_turn(url, "a-prune", has_ended=lambda _: False, on_wait=lambda _: None):
        outcome = site.execute(DAY, wait=False)
    assert outcome.skipped == "locked: run a-prune in progress"


def test_settings_that_do_not_fit_the_database_end_the_run_with_one_sentence(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(site.environment, "ANALYTICS_TIMEZONE", "Asia/Tokyo")
    outcome = site.execute(DAY)
    assert not outcome.success
    assert outcome.error == (
        "ANALYTICS_TIMEZONE is Asia/Tokyo, but the days of this database were cut in UTC: "
        "set it back to UTC, or cut them anew with `analytics rezone Asia/Tokyo`."
    )
