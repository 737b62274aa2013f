"""What makes two rows of the quarantine one."""

import hashlib


def quarantine_id(reason: str, body: bytes) -> str:
    """The id of a rejected event: the same event, rejected for the same reason, is kept once."""
    return hashlib.sha256(reason.encode() + b"\0" + body).hexdigest()
