"""Starts the services of the demo and its story as the supervisor's task."""

import contextlib
import shutil
import sys
from collections.abc import Callable, Collection
from pathlib import Path

from analytics_pipeline.serving import CannotServeError, free_address
from analytics_pipeline.settings import Settings
from analytics_pipeline.supervisor.home_lock import HomeTakenError, running_supervisor
from analytics_pipeline.supervisor.plan import run_services
from analytics_pipeline.supervisor.service import Step

FOLDER = "demo"
PORTS_TRIED = 100
ROOM_BYTES = 300_000_000
"""Three times what sixty days take."""
# Within 60 days nobody's window of 90 is over, and rates of those whose window is over would all be empty.
FUNNEL_WINDOW_DAYS = 30
ELSEWHERE = (
    "database_url",
    "ingest_database_url",
    "pipeline_database_url",
    "admin_database_url",
    "dagster_database_url",
    "lake",
    "write_key",
)


class NoRoomError(Exception):
    """The disk has too little room for the demo; the message says how much it takes."""


def run_demo(settings: Settings, *, leave: bool, say: Callable[[str], None]) -> int:
    """Run the demo until Ctrl-C, or with `leave` until it has answered with numbers; the exit code."""
    home = settings.home / FOLDER
    holder = running_supervisor(home)
    if holder is not None:
        raise HomeTakenError(f"The demo runs already, under process {holder}; stop it first (kill {holder}).")
    _need_room(home)
    demo = demo_settings(settings, say)
    command = [sys.executable, "-m", "analytics_pipeline.demo.story", *(["--check"] if leave else [])]
    return run_services(demo, say=say, task=Step("story", command), stay=not leave)


def _need_room(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(home).free
    if free < ROOM_BYTES:
        raise NoRoomError(
            f"The demo needs {ROOM_BYTES // 10**6} MB under {home}, and {free // 10**6} MB are free: "
            "make room, or name a folder elsewhere with ANALYTICS_HOME."
        )


def demo_settings(settings: Settings, say: Callable[[str], None]) -> Settings:
    """Settings that share nothing with real events: HOME, database and lake of its own, free ports."""
    ports: dict[str, int] = {}
    for name in ("ingest_port", "admin_port", "dagster_port"):
        wanted = getattr(settings, name)
        ports[name] = _free_port(settings.bind, wanted, taken=ports.values())
        if ports[name] != wanted:
            say(f"Port {wanted} is taken; the demo uses {ports[name]} in its place.")
    apart = dict.fromkeys(ELSEWHERE, None)
    own = {"home": settings.home / FOLDER, "funnel_window_days": FUNNEL_WINDOW_DAYS}
    return settings.model_copy(update={**own, **apart, **ports})


def _free_port(host: str, wanted: int, taken: Collection[int]) -> int:
    for port in range(wanted, min(wanted + PORTS_TRIED, 65_536)):
        with contextlib.suppress(CannotServeError):
            free_address(host, port, "")
            if port not in taken:
                return port
    return wanted
