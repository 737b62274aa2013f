"""Opaque cursors: where a page of a list ended, as the client hands it back."""

import base64
import binascii
import json


class WrongCursorError(Exception):
    """The cursor was not made by this list."""

    def __init__(self) -> None:
        super().__init__("The cursor is not one that this list has answered; begin without one.")


def encode_cursor(*key: int | str) -> str:
    """The cursor behind the row with that sort key."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *types: type) -> list[int | str]:
    """The sort key in a cursor; WrongCursorError where it has not these types."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise WrongCursorError from error
    if not isinstance(key, list) or [type(part) for part in key] != list(types):
        raise WrongCursorError
    if any(isinstance(part, int) and abs(part) >= 2**63 for part in key) or "\0" in "".join(map(str, key)):
        raise WrongCursorError
    return key
