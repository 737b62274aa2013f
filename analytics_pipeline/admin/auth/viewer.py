"""Somebody who may read, and what."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Viewer:
    """Whoever a token stands for.

    `courses` are those that may be read; None: all. `token_id` names a token of ours, which is looked up anew
    at every request; without one, an identity provider vouches until `expires_at`.
    """

    name: str
    courses: frozenset[str] | None
    token_id: str | None = None
    expires_at: datetime | None = None

    @property
    def id(self) -> str:
        """What tells this person from others."""
        return self.token_id or self.name
