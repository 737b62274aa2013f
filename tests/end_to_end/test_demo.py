"""The demo, as `make demo EXIT=1` runs it."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.supervisor.home_lock import running_supervisor
from tests.end_to_end.system import ANALYTICS, free_ports


def demo(folder: Path, ports: list[int]) -> "subprocess.CompletedProcess[str]":
    names = ("INGEST", "ADMIN", "DAGSTER")
    environment = {f"ANALYTICS_{name}_PORT": str(port) for name, port in zip(names, ports, strict=True)}
    return subprocess.run(
        [ANALYTICS, "demo", "--exit"],
        cwd=folder,
        env={**os.environ, **environment, "ANALYTICS_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        timeout=290,
        check=False,
    )


def processes_of(home: Path) -> list[str]:
    """Command lines of processes that work with this HOME."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if f"ANALYTICS_HOME={home}".encode() in environment or str(home) in command:
            found.append(command)
    return found


@pytest.mark.timeout(600)
def test_the_demo_ends_well_with_numbers_and_leaves_nothing_running(tmp_path: Path) -> None:
    home = tmp_path / "home" / "demo"
    ports = free_ports(3)
    try:
        first = demo(tmp_path, ports)
        assert first.returncode == 0, first.stdout + first.stderr
        assert re.search(r"[1-9][0-9]* learners", first.stdout)
        assert f"http://127.0.0.1:{ports[1]}/" in first.stdout
        assert processes_of(home) == []
        assert running_supervisor(home) is None

        second = demo(tmp_path, ports)
        assert second.returncode == 0, second.stdout + second.stderr
        assert "Playing" not in second.stdout
        assert "Publishing" not in second.stdout
    finally:
        EmbeddedServer(home).remove()
