"""Replaces learner ids by keyed hashes before anything is stored."""

import hashlib
import hmac
import re
from collections.abc import Callable
from functools import lru_cache

_PSEUDONYM = re.compile(r"p-[0-9a-f]{64}")


def pseudonymiser(key: str) -> Callable[[str], str]:
    """A function from a learner id to `p-` and its HMAC-SHA256 under `key`, in hex.

    What is a pseudonym already stays as it is, so that a quarantined event can be replayed.
    """
    secret = key.encode()

    @lru_cache(maxsize=65_536)
    def pseudonym(learner_id: str) -> str:
        if _PSEUDONYM.fullmatch(learner_id):
            return learner_id
        return (
            "p-" + hmac.digest(secret, learner_id.encode("utf-8", "backslashreplace"), hashlib.sha256).hex()
        )

    return pseudonym
