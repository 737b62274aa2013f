"""Which errors a user can do something about, and the sentence that each of them gets."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from analytics_pipeline.settings import WrongSettingError

# Errors of ours whose message is the sentence already, by module: a module that was never imported
# cannot have raised, and importing it only to ask would make every command slower.
SENTENCES = {
    "analytics_pipeline.database.data_directory": ("EmbeddedServerError",),
    "analytics_pipeline.database.migrate": ("MigrationBlockedError",),
    "analytics_pipeline.database.roles": ("MissingPrivilegeError",),
    "analytics_pipeline.database.site": ("WrongTimezoneError",),
    "analytics_pipeline.database.urls": ("DatabaseNotReadyError",),
    "analytics_pipeline.demo.command": ("NoRoomError",),
    "analytics_pipeline.engine.spark": ("ClusterUnreachableError",),
    "analytics_pipeline.lake.bucket": ("LakeUnreachableError",),
    "analytics_pipeline.importing.source": ("WrongSourceError",),
    "analytics_pipeline.importing.sender": ("SendError",),
    "analytics_pipeline.rezone.rezone": ("RezoneRefusedError",),
    "analytics_pipeline.simulate.faults": ("WrongFaultError",),
    "analytics_pipeline.ingest.keys": ("WrongOriginError",),
    "analytics_pipeline.supervisor.home_lock": ("HomeTakenError",),
    "analytics_pipeline.supervisor.supervisor": ("SupervisorError",),
}


class CommandError(Exception):
    """A command cannot do what was asked; the message is one sentence that says what to do."""


@contextmanager
def foreseen_errors_exit(code: int) -> Iterator[None]:
    """Within the block, an error that was to be foreseen ends the program with its sentence and this code."""
    try:
        yield
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        typer.echo(sentence, err=True)
        sys.exit(code)


def explain(error: Exception) -> str | None:
    """The sentence for an error that was to be foreseen; None for a fault of ours."""
    if isinstance(error, (CommandError, WrongSettingError, *_known_errors())):
        text = str(error)
        return text[:1].upper() + text[1:] if text.split(" ", 1)[0].isalpha() else text
    if _is_full_disk(error):
        return "The disk is full; make room and start again: what was committed is kept."
    psycopg = sys.modules.get("psycopg")
    if psycopg is not None and isinstance(error, psycopg.OperationalError):
        reason = str(error).strip().splitlines()[-1]
        return f"The database cannot be reached ({reason}); start it with `analytics up`, or check the URL."
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}."
    return None


def _is_full_disk(error: Exception) -> bool:
    psycopg = sys.modules.get("psycopg")
    if psycopg is not None and isinstance(error, psycopg.errors.DiskFull):
        return True
    return isinstance(error, OSError) and error.errno == errno.ENOSPC


def _known_errors() -> list[type[Exception]]:
    return [
        getattr(sys.modules[module], name)
        for module, names in SENTENCES.items()
        if module in sys.modules
        for name in names
    ]
