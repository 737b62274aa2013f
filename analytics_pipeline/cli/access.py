"""`analytics keys` and `analytics tokens`: who may send events, and who may read numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated

import psycopg
import sqlalchemy
import typer

from analytics_pipeline.admin.auth.tokens import create_token, list_tokens, revoke_token
from analytics_pipeline.cli.errors import CommandError
from analytics_pipeline.console import say, table
from analytics_pipeline.database.urls import database_urls, ensure_database, sqlalchemy_url
from analytics_pipeline.ingest.keys import create_key, list_keys, revoke_key
from analytics_pipeline.settings import load_settings

keys = typer.Typer(help="Write keys: who may send events.", no_args_is_help=True)
tokens = typer.Typer(help="Admin tokens: who may read numbers.", no_args_is_help=True)

Identifier = Annotated[str, typer.Argument(metavar="ID", help="Its id, as listed.")]


@keys.command("create")
def create_write_key(
    client: Annotated[str, typer.Argument(help="Who will send with it.")],
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
    note: Annotated[str, typer.Argument(help="Who will hold it.")],
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; without, never.")] = None,
) -> None:
    """Make an admin token and print it; it is shown this once."""
    expires = None if days is None else datetime.now(UTC) + timedelta(days=days)
    with _admin_tables() as connection:
        token_id, token = create_token(connection, note, expires)
    say(f"id     {token_id}\ntoken  {token}")


@tokens.command("list")
def list_admin_tokens() -> None:
    """List all admin tokens, revoked ones too."""
    with _admin_tables() as connection:
        rows = list_tokens(connection)
    table(
        ("id", "note", "created", "expires", "revoked"),
        [(token.id, token.note, token.created_at, token.expires_at, token.revoked_at) for token in rows],
    )


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
    ensure_database(settings)
    with psycopg.connect(database_urls(settings).pipeline) as connection:
        yield connection


@contextmanager
def _admin_tables() -> Iterator[sqlalchemy.Connection]:
    settings = load_settings()
    ensure_database(settings)
    engine = sqlalchemy.create_engine(sqlalchemy_url(database_urls(settings).pipeline))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
