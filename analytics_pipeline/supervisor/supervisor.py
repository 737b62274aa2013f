"""Starts the services of one HOME, restarts what dies and stops everything in order."""

import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from structlog.typing import WrappedLogger

from analytics_pipeline.database.data_directory import EmbeddedServerError
from analytics_pipeline.supervisor.groups import stop_groups
from analytics_pipeline.supervisor.home_lock import hold_home
from analytics_pipeline.supervisor.kept_server import DatabaseServer, KeptServer
from analytics_pipeline.supervisor.processes import log_path, open_log, spawn
from analytics_pipeline.supervisor.service import Child, Plan, Step, restart_delay
from analytics_pipeline.supervisor.stop_signals import StopRequestedError, StopSignals
from analytics_pipeline.supervisor.watchdog import Watchdog

TICK_SECONDS = 0.1
READY_WITHIN_SECONDS = 300.0
DEATHS_BEFORE_GIVING_UP = 3


class SupervisorError(Exception):
    """The services cannot be started; the message is for the user and names the log."""


class Supervisor:
    """Runs a plan in `home`. One instance serves one call of `run`, in the main thread."""

    def __init__(
        self,
        home: Path,
        *,
        environment: Mapping[str, str],
        log: WrappedLogger,
        say: Callable[[str], None],
        server: DatabaseServer | None = None,
    ) -> None:
        self._home = home.absolute()
        self._environment = environment
        self._log = log
        self._say = say
        self._database = server
        self._server: KeptServer | None = None
        self._children: list[Child] = []
        self._task: subprocess.Popen[bytes] | None = None
        self._stop = StopSignals()

    def run(self, make_plan: Callable[[], Plan]) -> int:
        """Run until Ctrl-C, SIGTERM or the end of the plan's task; return the exit code.

        `make_plan` is called with the lock held and the server running; it may migrate. Raises
        HomeTakenError and SupervisorError; whatever was started has ended when this returns or raises.
        """
        with hold_home(self._home) as lock, self._stop.noted():
            if self._database is not None:
                self._server = KeptServer(self._database, self._log, self._say)
            is_ours = self._server is not None and self._server.is_ours
            self._watchdog = Watchdog(lock=lock, server_home=self._home if is_ours else None)
            try:
                return self._run(make_plan)
            except StopRequestedError:
                return 0
            except EmbeddedServerError:
                # Ctrl-C goes to initdb too, which then has failed.
                if not self._stop.came:
                    raise
                return 0
            finally:
                self._stop_all()
                self._watchdog.dismiss()

    def _run(self, make_plan: Callable[[], Plan]) -> int:
        if self._server is not None:
            self._server.start()
        plan = make_plan()
        for step in plan.steps:
            self._run_step(step)
        for service in plan.services:
            child = Child(service, folder=self._home, environment=self._environment)
            self._children.append(child)
            self._start(child)
        self._wait_until_ready()
        if plan.task is not None:
            self._start_task(plan.task, output=None)
        return self._watch(stay=plan.stay)

    def _watch(self, *, stay: bool) -> int:
        while True:
            self._tick()
            code = None if self._task is None else self._task.poll()
            if code is None:
                continue
            self._task = None
            self._tell_watchdog()
            if code != 0 or not stay:
                return code

    def _wait_until_ready(self) -> None:
        began = time.monotonic()
        while waiting := [child for child in self._children if not child.was_ready]:
            for child in waiting:
                if child.group is not None and child.service.is_ready():
                    child.was_ready = True
                    seconds = time.monotonic() - began
                    self._log.info("ready", service=child.service.name, seconds=round(seconds, 2))
                    self._say(f"{child.service.name} is ready {child.service.address}".rstrip() + ".")
                elif len(child.deaths) >= DEATHS_BEFORE_GIVING_UP:
                    raise SupervisorError(_gave_up(child, f"ended {len(child.deaths)} times"))
                elif time.monotonic() - began > READY_WITHIN_SECONDS:
                    raise SupervisorError(_gave_up(child, f"was not ready in {READY_WITHIN_SECONDS:.0f} s"))
            self._tick()

    def _tick(self) -> None:
        time.sleep(TICK_SECONDS)
        self._stop.check()
        if self._server is not None:
            self._server.revive()
        self._watchdog.revive()
        for child in self._children:
            self._revive(child)

    def _revive(self, child: Child) -> None:
        code = child.take_death()
        now = time.monotonic()
        if code is not None:
            delay = restart_delay(child.deaths, now)
            child.start_after = now + delay
            self._log.warning("died", service=child.service.name, exit_code=code, restart_in=delay)
            self._say(f"{child.service.name} ended with {code}; it is restarted (log: {child.log}).")
            self._tell_watchdog()
        if child.group is None and now >= child.start_after:
            self._start(child)

    def _start(self, child: Child) -> None:
        group = child.start()
        self._tell_watchdog()
        self._log.info("started", service=child.service.name, pid=group)

    def _run_step(self, step: Step) -> None:
        path = log_path(self._home, step.name)
        with open_log(path) as output:
            process = self._start_task(step, output=output)
            while process.poll() is None:
                time.sleep(TICK_SECONDS)
                self._stop.check()
        self._task = None
        self._tell_watchdog()
        if process.returncode != 0:
            raise SupervisorError(f"{step.name} failed with {process.returncode}; its log is {path}.")

    def _start_task(self, step: Step, *, output: BinaryIO | None) -> subprocess.Popen[bytes]:
        environment = {**self._environment, **step.environment}
        self._task = spawn(step.command, folder=self._home, environment=environment, output=output)
        self._tell_watchdog()
        return self._task

    def _stop_all(self) -> None:
        if self._children or self._task:
            self._say("Stopping.")
        if self._task is not None:
            stop_groups([self._task.pid], grace_seconds=5.0, reap=self._task.poll)
        for child in self._children:
            child.stop()
            self._log.info("stopped", service=child.service.name)
        if self._server is not None:
            self._server.stop()

    def _tell_watchdog(self) -> None:
        groups = [child.group for child in self._children if child.group is not None]
        if self._task is not None:
            groups.append(self._task.pid)
        self._watchdog.tell(groups)


def _gave_up(child: Child, what: str) -> str:
    return f"{child.service.name} {what}; its log is {child.log} and ends:\n{child.log_tail()}"
