"""`analytics migrate`, `analytics database-url` and `analytics reset`."""

import shutil
from pathlib import Path
from typing import Annotated, Literal

import typer

from analytics_pipeline.cli.errors import CommandError
from analytics_pipeline.console import say
from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.database.migrate import migrate, revisions_behind
from analytics_pipeline.database.urls import database_urls, ensure_database
from analytics_pipeline.lake.schema import Kind
from analytics_pipeline.settings import Settings, load_settings
from analytics_pipeline.supervisor.home_lock import running_supervisor

# What this system makes under HOME, the embedded server's own folder apart.
HOME_FOLDERS = ("dagster", "logs", "scratch", "secrets")


BEHIND = 3
"""Exit code of `analytics migrate --check` when there is something to migrate."""


def migrate_command(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit code 3 when the database is behind.")
    ] = False,
) -> None:
    """Bring the database to the newest form: roles, schemas, tables, grants. Running it again is safe."""
    settings = load_settings()
    if check:
        _check(settings)
        return
    ensure_database(settings)
    migrate(settings)
    say("The database is migrated.")


def _check(settings: Settings) -> None:
    behind = revisions_behind(settings)
    if behind:
        say(f"The database is behind by {', '.join(behind)}; run `analytics migrate`.")
        raise typer.Exit(BEHIND)
    say("The database is up to date.")


def database_url(
    role: Annotated[
        Literal["owner", "admin"],
        typer.Option(help="Whose: `admin` reads published tables, nothing else."),
    ] = "owner",
) -> None:
    """Print a database URL, starting the embedded server if need be; it is left running."""
    settings = load_settings()
    owner = ensure_database(settings)
    say(owner if role == "owner" else database_urls(settings).admin)


def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete the embedded database and the lake of this HOME: every event and every number."""
    settings = load_settings()
    holder = running_supervisor(settings.home)
    if holder is not None:
        raise CommandError(f"The services of {settings.home} run under process {holder}; stop them first.")
    if settings.database_url is not None:
        raise CommandError(
            "ANALYTICS_DATABASE_URL is set: a database that is not embedded is not deleted from here; "
            "drop and create it with your own tools, and remove the lake."
        )
    if settings.lake is not None and "://" in settings.lake:
        raise CommandError(f"The lake {settings.lake} is an object store; empty it with its own tools.")
    folders = _folders(settings)
    if not folders and not EmbeddedServer(settings.home).is_running():
        say(f"There is nothing to delete under {settings.home}.")
        return
    for folder in folders:
        say(f"{folder}")
    if not yes:
        typer.confirm("Delete the embedded database and these folders for good?", abort=True)
    EmbeddedServer(settings.home).remove()
    for folder in folders:
        shutil.rmtree(folder)
    say("Deleted.")


def _folders(settings: Settings) -> list[Path]:
    """Existing folders of ours alone: HOME and LAKE themselves may hold what is not ours."""
    lake = Path(settings.lake_root)
    ours = [settings.home / name for name in HOME_FOLDERS] + [lake / kind for kind in Kind]
    return [folder for folder in ours if folder.exists()]
