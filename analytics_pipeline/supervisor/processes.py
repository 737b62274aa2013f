"""How the supervisor starts processes: each leads a group of its own and writes to a log or the terminal."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

LOG_LIMIT_BYTES = 20_000_000


def spawn(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], output: BinaryIO | None
) -> subprocess.Popen[bytes]:
    """Start `command` in `folder`, `environment` added to ours; without `output` it shares the terminal."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        cwd=folder,
        env={**os.environ, **environment},
        process_group=0,
    )


def log_path(home: Path, name: str) -> Path:
    """Where the process called `name` writes."""
    return home / "logs" / f"{name}.log"


def open_log(path: Path) -> BinaryIO:
    """Open a log for appending; one that has grown large becomes `<name>.log.1` first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")
