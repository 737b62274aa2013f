"""Services are killed in the middle of their work; what is published must not know."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.end_to_end.system import System, running_system
from tests.waiting import wait_until

LAST_DAY = date(2026, 3, 10)
FIRST_DAY = LAST_DAY - timedelta(days=11)
SIMULATE = ("simulate", "--courses", "2", "--learners", "1500", "--days", "12", "--last-day", str(LAST_DAY))
RUN = ("run", "--from", str(FIRST_DAY), "--to", str(LAST_DAY))
# Minutes on a machine that is busy with other things.
pytestmark = pytest.mark.timeout(900)

TABLES = (
    "lesson_daily",
    "course_daily",
    "lesson_cohort",
    "quiz_cohort",
    "course_funnel",
    "signal",
)
WAITING = "SELECT coalesce(sum(events), 0) FROM ingest.inbox"
SEALED = "SELECT coalesce(sum(events), 0) FROM analytics.lake_day"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("undisturbed"), FIRST_DAY) as system:
        system.do(*SIMULATE)
        system.do(*RUN)
        yield system


class Deliveries:
    """Counts the events that ingest commits, where alone they can be counted: between runs."""

    def __init__(self, system: System) -> None:
        self.committed = 0
        self._system = system

    def simulate(self, disturb: Callable[[System], None] | None = None) -> None:
        """Send the simulated events once, with a disturbance in the middle of it."""
        before = self._system.number(WAITING)
        process = self._system.command(*SIMULATE)
        if disturb is not None:
            wait_until(lambda: self._system.number(WAITING) > before, 60)
            assert process.poll() is None, "the import was over before it could be disturbed"
            disturb(self._system)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output.decode()
        self.committed += self._system.number(WAITING) - before


def restart_ingest(system: System) -> None:
    system.kill_ingest()
    system.start_ingest()


def restart_postgres(system: System) -> None:
    system.kill_postgres()
    system.server.start()


def run_until_sealing(system: System) -> "subprocess.Popen[bytes]":
    """Start a run and return while it is writing files that no commit has named yet."""
    before = files(system)
    process = system.command(*RUN)
    wait_until(lambda: files(system) > before or process.poll() is not None, 60)
    assert process.poll() is None, "the run was over before it could be disturbed"
    return process


def files(system: System) -> int:
    return sum(1 for _ in Path(system.settings.lake_root).glob("events/*/*.parquet"))


def test_killed_services_and_repeated_imports_change_no_number(undisturbed: System, tmp_path: Path) -> None:
    with running_system(tmp_path, FIRST_DAY) as system:
        deliveries = Deliveries(system)
        deliveries.simulate(restart_ingest)
        deliveries.simulate(restart_postgres)

        run = run_until_sealing(system)
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
        system.do(*RUN)

        deliveries.simulate()
        run = run_until_sealing(system)
        restart_postgres(system)
        run.communicate(timeout=300)
        system.do(*RUN)

        deliveries.simulate()
        system.do(*RUN)

        for table in TABLES:
            assert system.rows(table) == undisturbed.rows(table), table
        received = ("duplicates",)
        assert system.rows("event_day", without=received) == undisturbed.rows("event_day", without=received)
        kept = undisturbed.number(SEALED)
        duplicates = system.number("SELECT sum(duplicates) FROM analytics.event_day")
        assert system.number(SEALED) == kept
        assert deliveries.committed == kept + duplicates
        assert undisturbed.number(WAITING) == system.number(WAITING) == 0


def test_a_run_that_is_killed_hands_its_turn_on_at_once(undisturbed: System) -> None:
    undisturbed.do(*SIMULATE)
    run = run_until_sealing(undisturbed)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    began = time.monotonic()
    undisturbed.do(*RUN)
    assert time.monotonic() - began < 60
