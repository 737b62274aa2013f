"""The demo, as `make demo` and `make demo EXIT=1` run it."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.settings import Settings
from analytics_pipeline.supervisor.home_lock import running_supervisor
from analytics_pipeline.supervisor.probes import answers
from tests.end_to_end.system import ANALYTICS, postmaster
from tests.ports import free_ports
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(900)


@dataclass(frozen=True)
class Demo:
    """Where the demo lives and how it is started."""

    folder: Path
    environment: dict[str, str]

    @property
    def home(self) -> Path:
        return self.folder / "home" / "demo"

    @property
    def output(self) -> str:
        return (self.folder / "output").read_text()

    def start(self, *options: str) -> "subprocess.Popen[bytes]":
        with (self.folder / "output").open("wb") as output:
            return subprocess.Popen(
                [ANALYTICS, "demo", *options],
                cwd=self.folder,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def processes(self) -> list[str]:
        """Command lines of the processes that work with this HOME."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                environment = (folder / "environ").read_bytes()
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if f"ANALYTICS_HOME={self.home}".encode() in environment or str(self.home) in command:
                found.append(command)
        return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    ingest, admin, dagster = free_ports(3)
    ports = {"INGEST": ingest, "ADMIN": admin, "DAGSTER": dagster}
    environment = {
        **os.environ,
        **{f"ANALYTICS_{name}_PORT": str(port) for name, port in ports.items()},
        "ANALYTICS_HOME": str(folder / "home"),
    }
    demo = Demo(folder, environment)
    yield demo
    EmbeddedServer(demo.home).remove()


def test_the_demo_ends_well_with_numbers_and_leaves_nothing_running(demo: Demo) -> None:
    assert demo.start("--exit").wait(600) == 0, demo.output
    assert re.search(r"[1-9][0-9]* learners", demo.output)
    assert f"http://127.0.0.1:{demo.environment['ANALYTICS_ADMIN_PORT']}/" in demo.output
    assert demo.processes() == []
    assert running_supervisor(demo.home) is None


def test_a_second_demo_goes_on_survives_its_database_and_leaves_nothing_when_it_is_killed(demo: Demo) -> None:
    process = demo.start()
    wait_until(lambda: "Token" in demo.output or process.poll() is not None, 600)
    assert process.poll() is None, demo.output
    assert "Playing" not in demo.output
    assert "Publishing" not in demo.output

    ready = f"http://127.0.0.1:{demo.environment['ANALYTICS_INGEST_PORT']}/readyz"
    os.kill(postmaster(Settings(home=demo.home)), signal.SIGKILL)
    wait_until(lambda: "PostgreSQL has ended; it is restarted." in demo.output, 60)
    wait_until(lambda: answers(ready), 60)
    assert process.poll() is None

    process.kill()
    process.wait()
    wait_until(lambda: demo.processes() == [], 60)
    assert not EmbeddedServer(demo.home).is_running()
