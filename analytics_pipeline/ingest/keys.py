"""Write keys: who may send events, and from which web origins. Only their hashes are stored."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::([0-9]{1,5}))?")
_DEFAULT_PORT = {"http": "80", "https": "443"}


class WrongOriginError(Exception):
    """A text that is no web origin; the message says what one looks like."""


@dataclass(frozen=True)
class WriteKey:
    """A key as it is listed; the key itself is shown once, when it is made."""

    id: str
    client: str
    origins: list[str]
    events_per_second: int | None
    created_at: datetime
    revoked_at: datetime | None


def hash_of(key: str) -> str:
    """What is stored of a key: its SHA-256. A key has 192 random bits, so no salt is needed."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def origin_of(text: str) -> str:
    """A web origin as browsers write it; WrongOriginError when `text` is none."""
    match = _ORIGIN.fullmatch(text.strip().rstrip("/").lower())
    if match is None:
        raise WrongOriginError(f"{text!r} is no web origin; write for example https://learn.example.org.")
    scheme, host, port = match.groups()
    return f"{scheme}://{host}" if port in {None, _DEFAULT_PORT[scheme]} else f"{scheme}://{host}:{port}"


def create_key(
    connection: psycopg.Connection,
    client: str,
    origins: Iterable[str] = (),
    events_per_second: int | None = None,
) -> tuple[str, str]:
    """Make a key for `client` and return (id, key). The caller commits.

    With origins it works from pages of exactly these; without, from servers only. `events_per_second` is its
    limit per ingest worker; None: no limit. WrongOriginError when an origin is none.
    """
    key_id, key = f"wk_{secrets.token_hex(4)}", secrets.token_urlsafe(24)
    connection.execute(
        "INSERT INTO ingest.write_key (id, key_hash, client, origins, events_per_second, created_at)"
        " VALUES (%s, %s, %s, %s::text[], %s, now())",
        (key_id, hash_of(key), client, [origin_of(origin) for origin in origins], events_per_second),
    )
    return key_id, key


def list_keys(connection: psycopg.Connection) -> list[WriteKey]:
    """All keys, revoked ones too, oldest first."""
    with connection.cursor(row_factory=class_row(WriteKey)) as cursor:
        cursor.execute(
            "SELECT id, client, origins, events_per_second, created_at, revoked_at"
            " FROM ingest.write_key ORDER BY created_at, id"
        )
        return cursor.fetchall()


def revoke_key(connection: psycopg.Connection, key_id: str) -> bool:
    """End a key; False when there is none of this id that still works. The caller commits.

    A running ingest service stops accepting it within a few seconds.
    """
    ended = connection.execute(
        "UPDATE ingest.write_key SET revoked_at = now() WHERE id = %s AND revoked_at IS NULL", (key_id,)
    )
    return ended.rowcount == 1
