"""What the operating system knows about the server of a data directory.

`pg_ctl status` asks only whether some process has the number in `postmaster.pid`: after a restart of the
machine, and in a container at every start, that may be quite another one. So a process counts as ours by its
command line, which, unlike its working directory, root may read without further privileges.
"""

import hashlib
import os
import signal
from contextlib import suppress
from pathlib import Path


def cluster_name(data: Path) -> str:
    """A name that stands in the title of every process of this server but its first."""
    return f"analytics-{hashlib.sha256(str(data).encode()).hexdigest()[:16]}"


def postmaster(data: Path) -> int | None:
    """Process id of the server that runs on this data directory; None when none does."""
    lines = _pid_file(data)
    pid = int(lines[0]) if lines and lines[0].isdigit() else 0
    return pid if str(data) in _command_line(pid) else None


def is_ready(data: Path) -> bool:
    """Whether that server accepts connections: not while it recovers from a crash or shuts down."""
    lines = _pid_file(data)
    return postmaster(data) is not None and len(lines) > 7 and lines[7].strip() == "ready"


def clear_remains(data: Path) -> None:
    """Clear away what keeps a new server from starting after one that was killed; leaves a living one alone.

    Its pid file, when that names a stranger by now; and its sessions, which hold its shared memory until they
    notice. Their work is lost either way, and the new server recovers what was committed.
    """
    if postmaster(data) is not None:
        return
    (data / "postmaster.pid").unlink(missing_ok=True)
    title = f"postgres: {cluster_name(data)}: "
    for pid in (int(folder.name) for folder in Path("/proc").glob("[0-9]*")):
        if any(word.startswith(title) for word in _command_line(pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _pid_file(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _command_line(pid: int) -> list[str]:
    """The words of a process's command line; none when it is gone or a zombie."""
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []
