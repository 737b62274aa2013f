import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from analytics_pipeline.database.data_directory import EmbeddedServerError
from analytics_pipeline.supervisor.home_lock import hold_home, running_supervisor
from analytics_pipeline.supervisor.kept_server import DatabaseServer
from analytics_pipeline.supervisor.service import Plan, Service, Step, restart_delay
from analytics_pipeline.supervisor.supervisor import Supervisor, SupervisorError
from tests.waiting import wait_until

PROGRAM = Path(__file__).parent / "two_services.py"


def runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def pids(home: Path, name: str) -> list[int]:
    return [int(word) for word in (home / f"{name}.pids").read_text().split()]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    wait_until(lambda: (tmp_path / "first.pids").exists() and (tmp_path / "second.pids").exists(), 15)
    wait_until(lambda: len(pids(tmp_path, "first")) == 2 and len(pids(tmp_path, "second")) == 2, 15)
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    assert process.stdout is not None
    process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_supervisor_ends_with_zero_and_takes_every_process_with_it(
    program: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
) -> None:
    everybody = pids(tmp_path, "first") + pids(tmp_path, "second")
    program.send_signal(number)
    assert program.wait(20) == 0
    assert not [pid for pid in everybody if runs(pid)]


def test_a_killed_supervisor_leaves_no_process_behind(program: subprocess.Popen[str], tmp_path: Path) -> None:
    everybody = pids(tmp_path, "first") + pids(tmp_path, "second")
    program.kill()
    program.wait()
    wait_until(lambda: not [pid for pid in everybody if runs(pid)], 15)
    with hold_home(tmp_path):
        pass


@pytest.mark.usefixtures("program")
def test_a_service_that_dies_is_started_again_without_the_processes_it_left(tmp_path: Path) -> None:
    before = pids(tmp_path, "second")
    (tmp_path / "second.pids").unlink()
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: (tmp_path / "second.pids").exists() and len(pids(tmp_path, "second")) == 2, 15)
    assert not set(before) & set(pids(tmp_path, "second"))
    wait_until(lambda: not runs(before[1]), 15)
    assert all(runs(pid) for pid in pids(tmp_path, "first"))


def test_a_second_supervisor_of_the_same_home_says_who_runs(
    program: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert running_supervisor(tmp_path) == program.pid
    second = subprocess.run(
        [sys.executable, str(PROGRAM), str(tmp_path)], capture_output=True, text=True, timeout=30, check=False
    )
    assert second.returncode == 1
    assert f"run already, under process {program.pid}" in second.stdout
    assert program.poll() is None


def supervisor(home: Path, server: DatabaseServer | None = None) -> Supervisor:
    return Supervisor(home, environment={}, log=structlog.get_logger(), say=lambda _text: None, server=server)


def test_a_service_that_never_comes_up_is_an_error_that_shows_the_end_of_its_log(tmp_path: Path) -> None:
    broken = Service(
        "broken", [sys.executable, "-c", "raise SystemExit('the port is on fire')"], is_ready=lambda: False
    )
    with pytest.raises(SupervisorError, match="the port is on fire"):
        supervisor(tmp_path).run(lambda: Plan(services=[broken]))
    assert running_supervisor(tmp_path) is None


def test_a_step_that_fails_keeps_the_services_from_starting(tmp_path: Path) -> None:
    marker = tmp_path / "started"
    service = Service("service", ["touch", str(marker)], is_ready=marker.exists)
    step = Step("prepare", [sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(SupervisorError, match="prepare failed with 3"):
        supervisor(tmp_path).run(lambda: Plan(services=[service], steps=[step]))
    assert not marker.exists()


@pytest.mark.parametrize("code", [0, 4])
def test_a_task_ends_the_whole_with_its_exit_code(tmp_path: Path, code: int) -> None:
    sleeper = Service("sleeper", ["sleep", "600"], is_ready=lambda: True)
    task = Step("task", [sys.executable, "-c", f"raise SystemExit({code})"])
    assert supervisor(tmp_path).run(lambda: Plan(services=[sleeper], task=task, stay=False)) == code


class ServerThatIsInterrupted:
    """A database server that Ctrl-C reaches while it is being made."""

    def __init__(self, numbers: list[int]) -> None:
        self._numbers = numbers

    def is_running(self) -> bool:
        return False

    def start(self) -> None:
        for number in self._numbers:
            os.kill(os.getpid(), number)
        raise EmbeddedServerError("initdb failed.")

    def stop(self) -> None:
        pass


def test_ctrl_c_while_the_database_is_being_made_is_no_failure(tmp_path: Path) -> None:
    stopped = supervisor(tmp_path, ServerThatIsInterrupted([signal.SIGINT]))
    assert stopped.run(lambda: Plan(services=[])) == 0
    with pytest.raises(EmbeddedServerError):
        supervisor(tmp_path, ServerThatIsInterrupted([])).run(lambda: Plan(services=[]))


def test_restarts_slow_down_while_a_service_keeps_dying_and_speed_up_after_a_calm_minute() -> None:
    assert restart_delay([100.0], now=100.0) == 0
    delays = [restart_delay([100.0] * deaths, now=101.0) for deaths in range(2, 12)]
    assert delays == sorted(delays)
    assert delays[0] == 1.0
    assert delays[-1] == 30.0
    assert restart_delay([100.0] * 10 + [161.0], now=161.0) == 0
