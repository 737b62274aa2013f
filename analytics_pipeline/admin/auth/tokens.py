"""Tokens for the admin API: made, listed and revoked as the pipeline role, checked as the admin role.

A token is shown once, when it is made; the database keeps its SHA-256. A token carries 256 random bits, so a
fast hash is enough: there is nothing to guess.
"""

import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, Executable, bindparam, func, insert, or_, select, update

from analytics_pipeline.admin.auth.viewer import Viewer
from analytics_pipeline.database.tables import admin_token

ADMIN = "admin"
"""The role of those who may read; there is no other yet, and a token of another reads nothing."""

PREFIX = "adm_"
SHAPE = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")


@dataclass(frozen=True)
class Token:
    """What is kept of a token."""

    id: str
    note: str
    role: str
    courses: Sequence[str] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def create_token(
    connection: Connection,
    note: str,
    expires_at: datetime | None = None,
    courses: Iterable[str] | None = None,
    role: str = ADMIN,
) -> tuple[str, str]:
    """Make a token; answers its id, for revoking it, and the token itself, which is kept nowhere.

    `courses` are those that it may read; None: all of them.
    """
    token_id, token = secrets.token_hex(4), PREFIX + secrets.token_urlsafe(32)
    connection.execute(
        insert(admin_token).values(
            id=token_id,
            token_hash=_hash(token),
            note=note,
            role=role,
            courses=None if courses is None else sorted(set(courses)),
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


_KEPT = admin_token.c
_HOLDERS = select(_KEPT.id, _KEPT.note, _KEPT.courses, _KEPT.token_hash).where(
    _KEPT.role == ADMIN,
    _KEPT.revoked_at.is_(None),
    or_(_KEPT.expires_at.is_(None), _KEPT.expires_at > func.now()),
)
_HOLDER_OF_HASH = _HOLDERS.where(_KEPT.token_hash == bindparam("wanted"))
_HOLDER_OF_ID = _HOLDERS.where(_KEPT.id == bindparam("wanted"))


def check_token(connection: Connection, token: str) -> Viewer | None:
    """Whoever holds the token; None for one that is unknown, revoked or expired."""
    if not SHAPE.fullmatch(token):
        return None
    hashed = _hash(token)
    found = _find(connection, _HOLDER_OF_HASH, hashed)
    return found[0] if found and hmac.compare_digest(found[1], hashed) else None


def token_viewer(connection: Connection, token_id: str) -> Viewer | None:
    """Whoever holds the token of that id; None where it is revoked or expired by now."""
    found = _find(connection, _HOLDER_OF_ID, token_id)
    return found[0] if found else None


def _find(connection: Connection, query: Executable, wanted: str) -> tuple[Viewer, str] | None:
    """The holder of a token that holds, and the token's hash."""
    row = connection.execute(query, {"wanted": wanted}).one_or_none()
    if row is None:
        return None
    courses = None if row.courses is None else frozenset(row.courses)
    return Viewer(row.note, courses, token_id=row.id), row.token_hash
