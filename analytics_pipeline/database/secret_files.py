"""Generated passwords, kept under HOME/secrets for this user alone."""

import os
from pathlib import Path


def read_secret(home: Path, name: str) -> str | None:
    """The secret that was kept under this name, or None."""
    path = home / "secrets" / name
    return path.read_text() if path.exists() else None


def write_secret(home: Path, name: str, secret: str) -> str:
    """Keep a secret (file mode 0600, written as a whole or not at all) and return it."""
    folder = home / "secrets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = folder / f".{name}.{os.getpid()}"
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(folder / name)
    return secret
