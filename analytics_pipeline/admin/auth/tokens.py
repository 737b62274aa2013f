"""Tokens for the admin API: made, listed and revoked as the pipeline role, checked as the admin role.

A token is shown once, when it is made; the database keeps its SHA-256. A token carries 256 random bits, so a
fast hash is enough: there is nothing to guess.
"""

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, func, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from analytics_pipeline.database.tables import admin_token

PREFIX = "adm_"
SHAPE = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")


@dataclass(frozen=True)
class Token:
    """What is kept of a token."""

    id: str
    note: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def create_token(connection: Connection, note: str, expires_at: datetime | None = None) -> tuple[str, str]:
    """Make a token; answers its id, for revoking it, and the token itself, which is kept nowhere."""
    token_id, token = secrets.token_hex(4), PREFIX + secrets.token_urlsafe(32)
    connection.execute(
        insert(admin_token).values(
            id=token_id,
            token_hash=_hash(token),
            note=note,
            created_at=func.now(),
            expires_at=expires_at,
        )
    )
    return token_id, token


def list_tokens(connection: Connection) -> Sequence[Token]:
    """Every token that was ever made, oldest first."""
    columns = (getattr(admin_token.c, name) for name in Token.__dataclass_fields__)
    rows = connection.execute(select(*columns).order_by(admin_token.c.created_at, admin_token.c.id))
    return [Token(*row) for row in rows]


def revoke_token(connection: Connection, token_id: str) -> bool:
    """Make a token worthless; False where there is no such token. Revoking again changes nothing."""
    revoked = connection.execute(
        update(admin_token)
        .where(admin_token.c.id == token_id)
        .values(revoked_at=func.coalesce(admin_token.c.revoked_at, func.now()))
    )
    return revoked.rowcount == 1


def check_token(connection: Connection, token: str) -> str | None:
    """The id of a token that holds now; None for one that is unknown, revoked or expired."""
    if not SHAPE.fullmatch(token):
        return None
    hashed = _hash(token)
    row = connection.execute(
        select(admin_token.c.id, admin_token.c.token_hash).where(admin_token.c.token_hash == hashed, _holds())
    ).one_or_none()
    return row.id if row and hmac.compare_digest(row.token_hash, hashed) else None


def token_holds(connection: Connection, token_id: str) -> bool:
    """Whether the token of that id is neither revoked nor expired."""
    return bool(
        connection.scalar(
            select(select(admin_token.c.id).where(admin_token.c.id == token_id, _holds()).exists())
        )
    )


def _holds() -> ColumnElement[bool]:
    return admin_token.c.revoked_at.is_(None) & or_(
        admin_token.c.expires_at.is_(None), admin_token.c.expires_at > func.now()
    )
