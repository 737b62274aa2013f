"""Where Dagster's processes find their instance: a folder under HOME, and a database of their own."""

import os
import tempfile
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.settings import Settings

INSTANCE_FILE = Path(__file__).parents[1] / "dagster.yaml"

QUIET = "ignore:Parameter `backfill_policy`"
"""Dagster calls this parameter beta at every start; it is pinned and tested, so nobody need read that."""

RECORDS_MAY_LAG = "-c synchronous_commit=off"
"""Dagster commits each of its events by itself: without waiting for the disk, a thousand days are planned in
less than half the time. After a power cut its last half second may be missing, in order and never in part;
what is due is judged from our own tables, which wait for the disk."""

EVENT_BATCH_SIZE = 500
"""Materializations that Dagster writes at once; one by one, a year of days takes minutes."""


def dagster_environment(settings: Settings) -> dict[str, str]:
    """The variables that lead a Dagster process to the instance of this HOME.

    Makes HOME/dagster with our dagster.yaml; idempotent, and safe in several processes at once. Raises
    DatabaseNotReadyError before the first migration.
    """
    folder = settings.home.absolute() / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / "dagster.yaml", INSTANCE_FILE.read_bytes())
    return {
        "DAGSTER_HOME": str(folder),
        "ANALYTICS_DAGSTER_STORAGE_URL": storage_url(database_urls(settings).dagster),
        "DAGSTER_EVENT_BATCH_SIZE": str(EVENT_BATCH_SIZE),
        "PYTHONWARNINGS": QUIET,
    }


def storage_url(url: str) -> str:
    """The libpq URL as Dagster's storage takes it: with the driver, and without waiting for the disk."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    query["options"] = f"{query.get('options', '')} {RECORDS_MAY_LAG}".strip()
    return urlunsplit(parts._replace(scheme="postgresql+psycopg2", query=urlencode(query, quote_via=quote)))


def _replace(path: Path, content: bytes) -> None:
    """Put the content there in one step: a process that starts meanwhile must not read half a file."""
    if path.exists() and path.read_bytes() == content:
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).replace(path)
