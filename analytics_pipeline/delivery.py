"""How a batch reaches the ingest service: one attempt, its answer, and how long to wait for the next.

Shared by imports and by the server client, so that both follow the same rules: what the network, 429, 408
or 5xx kept from being stored is tried again, any other refusal is final, and each event of a 202 has its
answer. An event keeps its id, so an attempt whose answer was lost may be repeated.
"""

import random
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from ipaddress import ip_address
from types import TracebackType
from typing import Self

import httpx
import msgspec

from analytics_pipeline.endpoint import EVENT_PATH
from analytics_pipeline.events import Rejection

# What a body adds to its events: `{"events":[` … `],"sentAt":"…"}`.
ENVELOPE_BYTES = 80

_FIRST_WAIT = 0.2
_LONGEST_WAIT = 15.0
_TRY_LATER = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


class Answer(msgspec.Struct, frozen=True):
    """What the service says of each event of a request: how many it stored, and which it did not."""

    accepted: int
    rejected: list[Rejection]


class RefusedError(Exception):
    """The request is not taken, now or later; the message is one sentence."""


class NotNowError(Exception):
    """The request may be taken later; the message says what stood in the way."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Delivery:
    """Kept-alive connections to the ingest service at a base URL. Safe to share between threads."""

    def __init__(self, url: str, key: str, *, connections: int = 1, timeout: float = 30.0) -> None:
        self.url = url.rstrip("/").removesuffix(EVENT_PATH)
        self._client = httpx.Client(
            headers={"X-Write-Key": key, "Content-Type": "application/json"},
            timeout=timeout,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            # A proxy of the environment cannot reach a service that listens on this machine's loopback.
            trust_env=not _is_loopback(self.url),
        )

    def attempt(self, body: bytes) -> Answer:
        """Post `body` once. Raises NotNowError when it may be tried again, RefusedError when not."""
        try:
            response = self._client.post(self.url + EVENT_PATH, content=body)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise RefusedError(f"{self.url} is no URL of an ingest service: {error}.") from error
        except httpx.TransportError as error:
            raise NotNowError(f"{type(error).__name__}: {error}") from error
        if response.status_code in _TRY_LATER or response.is_server_error:
            raise NotNowError(f"it answered {response.status_code}", _retry_after(response))
        if response.status_code != HTTPStatus.ACCEPTED:
            raise RefusedError(f"{self.url} refused the events: {response.status_code} {_sentence(response)}")
        try:
            return msgspec.json.decode(response.content, type=Answer)
        except msgspec.DecodeError as error:
            raise RefusedError(f"{self.url} does not answer like an ingest service: {error}.") from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def body_of(events: Sequence[bytes], sent_at: datetime | None = None) -> bytes:
    """The body of a request that carries `events`; `sent_at` is the sender's clock."""
    end = b"]}" if sent_at is None else b'],"sentAt":%b}' % msgspec.json.encode(sent_at)
    return b'{"events":[' + b",".join(events) + end


def wait_before(attempt: int, retry_after: float | None) -> float:
    """Seconds before the try after the `attempt`-th failure in a row (from 0).

    Grows exponentially up to a bound and is drawn at random, so that clients that failed together do not
    come back together; never less than the service asked for.
    """
    longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(attempt, 16))
    return (retry_after or 0.0) + random.uniform(longest / 2, longest)  # noqa: S311  # spread, not secrecy


def _retry_after(response: httpx.Response) -> float | None:
    """Whole seconds; the other form, a date, is as good as nothing between clocks that differ."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else None


def _sentence(response: httpx.Response) -> str:
    try:
        answer = response.json()
    except ValueError:
        return response.reason_phrase
    return str(answer["error"]) if isinstance(answer, dict) and "error" in answer else response.reason_phrase


def _is_loopback(url: str) -> bool:
    try:
        host = httpx.URL(url).host
        return host == "localhost" or ip_address(host).is_loopback
    except (httpx.InvalidURL, ValueError):
        return False
