"""The key under which the ids of erased learners are hashed."""

import hashlib
import hmac
import secrets

from analytics_pipeline.database.secret_files import read_secret, write_secret
from analytics_pipeline.settings import Settings

NAME = "erasure_key"


def erasure_key(settings: Settings) -> str | None:
    """The key from the settings, else the one that is kept under HOME, if there is one."""
    if settings.erasure_key is not None:
        return settings.erasure_key.get_secret_value()
    return read_secret(settings.home, NAME)


def make_erasure_key(settings: Settings) -> str:
    """The key as above; made and kept under HOME where there is none."""
    return erasure_key(settings) or write_secret(settings.home, NAME, secrets.token_urlsafe(32))


def key_id(key: str) -> str:
    """A name of the key that tells nothing of it."""
    return hashlib.sha256(b"erasure key\0" + key.encode()).hexdigest()[:16]


def learner_hash(key: str, learner_id: str) -> str:
    """The keyed hash of a learner id, in hex."""
    return hmac.digest(key.encode(), learner_id.encode("utf-8", "backslashreplace"), hashlib.sha256).hex()
