"""`analytics keys` and `analytics tokens`: who may send events, and who may read numbers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Annotated, Literal

import psycopg
import sqlalchemy
import typer

from analytics_pipeline.admin.auth.tokens import create_token, list_tokens, revoke_token
from analytics_pipeline.cli.days import parse_day
from analytics_pipeline.cli.errors import CommandError
from analytics_pipeline.console import say, table
from analytics_pipeline.database.urls import Role, ensure_url, sqlalchemy_url
from analytics_pipeline.days import day_end
from analytics_pipeline.ingest.keys import create_key, list_keys, revoke_key
from analytics_pipeline.settings import load_settings

keys = typer.Typer(help="Write keys: who may send events.", no_args_is_help=True)
tokens = typer.Typer(help="Admin tokens: who may read numbers.", no_args_is_help=True)

Identifier = Annotated[str, typer.Argument(metavar="ID", help="Its id, as listed.")]


@keys.command("create")
def create_write_key(
    client: Annotated[str, typer.Argument(metavar="CLIENT", help="Who will send with it.")],
    origin: Annotated[
        list[str] | None,
        typer.Option(help="Web origin that may use it (repeatable); without any, servers only."),
    ] = None,
    events_per_second: Annotated[int | None, typer.Option(min=1, help="Limit per ingest worker.")] = None,
) -> None:
    """Make a write key and print it; it is shown this once."""
    with _pipeline() as connection:
        key_id, key = create_key(connection, client, origin or (), events_per_second)
    say(f"id   {key_id}\nkey  {key}")


@keys.command("list")
def list_write_keys() -> None:
    """List all write keys, revoked ones too."""
    with _pipeline() as connection:
        rows = list_keys(connection)
    table(
        ("id", "client", "origins", "created", "revoked"),
        [(key.id, key.client, " ".join(key.origins), key.created_at, key.revoked_at) for key in rows],
        without="There is no write key yet; `analytics keys create CLIENT` makes one.",
    )


@keys.command("revoke")
def revoke_write_key(key: Identifier) -> None:
    """End a write key; a running ingest service stops accepting it within seconds."""
    with _pipeline() as connection:
        if not revoke_key(connection, key):
            raise CommandError(f"There is no working write key {key}; `analytics keys list` shows them.")
    say(f"{key} is revoked.")


@tokens.command("create")
def create_admin_token(
    note: Annotated[str, typer.Argument(metavar="NOTE", help="Who will hold it.")],
    role: Annotated[Literal["admin"], typer.Option(help="What it is for.")] = "admin",
    courses: Annotated[
        str | None, typer.Option(help="Courses that it may read, separated by commas; without, all of them.")
    ] = None,
    expires: Annotated[
        date | None,
        typer.Option(
            metavar="DAY",
            parser=parse_day,
            help="Last day on which it works; without, until it is revoked.",
        ),
    ] = None,
) -> None:
    """Make an admin token and print it; it is shown this once."""
    with _admin_tables() as connection:
        token_id, token = create_token(connection, note, _end_of(expires), _names(courses), role)
    say(f"id     {token_id}\ntoken  {token}")


def _names(courses: str | None) -> list[str] | None:
    """The courses of the option; an empty list would lock its holder out of everything."""
    if courses is None:
        return None
    names = [name.strip() for name in courses.split(",") if name.strip()]
    if not names:
        raise CommandError("--courses names no course; leave it out to let the token read all of them.")
    return names


def _end_of(expires: date | None) -> datetime | None:
    """The end of that day, as the site's clocks show it."""
    if expires is None:
        return None
    end = day_end(expires, load_settings().zone)
    if end <= datetime.now(UTC):
        raise CommandError(f"--expires {expires} is over; name a day to come.")
    return end


@tokens.command("list")
def list_admin_tokens() -> None:
    """List all admin tokens, revoked ones too."""
    with _admin_tables() as connection:
        rows = list_tokens(connection)
    table(
        ("id", "note", "role", "courses", "created", "expires", "revoked"),
        [
            (one.id, one.note, one.role, _shown(one.courses), one.created_at, one.expires_at, one.revoked_at)
            for one in rows
        ],
        without="There is no admin token yet; `analytics tokens create NOTE` makes one.",
    )


def _shown(courses: Sequence[str] | None) -> str:
    return "all" if courses is None else ", ".join(courses)


@tokens.command("revoke")
def revoke_admin_token(token: Identifier) -> None:
    """Make an admin token worthless."""
    with _admin_tables() as connection:
        if not revoke_token(connection, token):
            raise CommandError(f"There is no admin token {token}; `analytics tokens list` shows them.")
    say(f"{token} is revoked.")


@contextmanager
def _pipeline() -> Iterator[psycopg.Connection]:
    settings = load_settings()
    with psycopg.connect(ensure_url(settings, Role.PIPELINE)) as connection:
        yield connection


@contextmanager
def _admin_tables() -> Iterator[sqlalchemy.Connection]:
    settings = load_settings()
    engine = sqlalchemy.create_engine(sqlalchemy_url(ensure_url(settings, Role.PIPELINE)))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
