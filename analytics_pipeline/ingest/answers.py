"""Answers of the event endpoint, sent as raw ASGI messages."""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from http import HTTPStatus
from math import ceil
from typing import Any

import msgspec

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

_JSON = msgspec.json.Encoder()
_JSON_HEADER: Header = (b"content-type", b"application/json")
# The server closes a connection with a body that nobody read. Unless the answer says so, the client's next
# request may go out on it at that moment and get no answer.
_BODY_UNREAD = frozenset({HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_TIMEOUT})


class RefusedError(Exception):
    """A request that gets no 202. The message is the answer's sentence; `code` is for metrics and logs."""

    def __init__(
        self, status: HTTPStatus, code: str, sentence: str, retry_after: float | None = None
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.retry_after = retry_after


async def send_json(send: Send, status: int, content: object, headers: Sequence[Header] = ()) -> None:
    """Answer with `content` as JSON."""
    body = _JSON.encode(content)
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [_JSON_HEADER, length, *headers]})
    await send({"type": "http.response.body", "body": body})


async def send_refusal(send: Send, refused: RefusedError, headers: Sequence[Header] = ()) -> None:
    """Answer with the refusal's status and sentence; where waiting helps, Retry-After in whole seconds."""
    added: list[Header] = []
    if refused.retry_after is not None:
        added.append((b"retry-after", str(max(1, ceil(refused.retry_after))).encode()))
    if refused.status in _BODY_UNREAD:
        added.append((b"connection", b"close"))
    await send_json(send, refused.status, {"error": str(refused)}, [*added, *headers])


async def send_empty(send: Send, status: int, headers: Sequence[Header] = ()) -> None:
    """Answer without a body."""
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": b""})
