"""A program under test: a supervisor over two services, each with a process that it started itself.

usage: two_services.py HOME. Each service writes the ids of its processes to HOME/<name>.pids.
"""

import sys
from pathlib import Path

import structlog

from analytics_pipeline.supervisor.home_lock import HomeTakenError
from analytics_pipeline.supervisor.service import Plan, Service
from analytics_pipeline.supervisor.supervisor import Supervisor, SupervisorError

SERVICE = """
import os, pathlib, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path(sys.argv[1]).write_text(f"{os.getpid()} {child.pid}")
child.wait()
"""


def service(home: Path, name: str) -> Service:
    pids = home / f"{name}.pids"
    return Service(name, [sys.executable, "-c", SERVICE, str(pids)], is_ready=pids.exists)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    home = Path(sys.argv[1])
    supervisor = Supervisor(home, environment={}, log=structlog.get_logger(), say=say)
    try:
        return supervisor.run(lambda: Plan(services=[service(home, "first"), service(home, "second")]))
    except (HomeTakenError, SupervisorError) as error:
        say(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())
