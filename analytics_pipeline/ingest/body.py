"""Reading a request's body within bounds: of its size, of its time, and of what all requests hold."""

import asyncio
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from analytics_pipeline.endpoint import MAX_BODY_BYTES
from analytics_pipeline.ingest.answers import Receive, RefusedError

MAX_BODY_SECONDS = 20.0


class ClientGoneError(Exception):
    """The client hung up before its body was complete; there is nobody to answer."""


class Held:
    """The bytes that one request holds."""

    def __init__(self, memory: "Memory") -> None:
        self._memory = memory
        self.size = 0

    def add(self, size: int) -> None:
        """Hold `size` bytes more; RefusedError when all requests together would hold too many."""
        if self._memory.used + size > self._memory.limit:
            raise RefusedError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "busy",
                "The service holds too much at the moment; try again.",
                1,
            )
        self.size += size
        self._memory.used += size


class Memory:
    """The bytes that all requests of this process hold, from their arrival to their answer."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0

    @contextmanager
    def hold(self) -> Iterator[Held]:
        """What one request holds; given back when it has been answered."""
        held = Held(self)
        try:
            yield held
        finally:
            self.used -= held.size


def too_large() -> RefusedError:
    """The refusal of a body over the limit, before or after decompression."""
    return RefusedError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_large",
        f"A body holds at most {MAX_BODY_BYTES} bytes after decompression; send smaller batches.",
    )


async def read_body(
    receive: Receive, held: Held, declared: int | None, seconds: float = MAX_BODY_SECONDS
) -> bytes:
    """The whole body. RefusedError when it is too large or too slow, ClientGoneError when it ends midway."""
    if declared is not None and declared > MAX_BODY_BYTES:
        raise too_large()
    try:
        async with asyncio.timeout(seconds):
            return await _read_chunks(receive, held)
    except TimeoutError as error:
        raise RefusedError(
            HTTPStatus.REQUEST_TIMEOUT, "slow_body", f"The body took longer than {seconds:g} s."
        ) from error


async def _read_chunks(receive: Receive, held: Held) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGoneError
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise too_large()
        held.add(len(chunk))
        if not message.get("more_body", False):
            return b"".join([*chunks, chunk]) if chunks else chunk
        chunks.append(chunk)


def gunzip(body: bytes, held: Held) -> bytes:
    """`body` decompressed, never further than the limit; RefusedError when it is no complete gzip stream."""
    stream = zlib.decompressobj(wbits=31)
    try:
        plain = stream.decompress(body, MAX_BODY_BYTES + 1)
    except zlib.error as error:
        raise _not_gzip() from error
    if len(plain) > MAX_BODY_BYTES:
        raise too_large()
    if not stream.eof or stream.unused_data:
        raise _not_gzip()
    held.add(len(plain))
    return plain


def _not_gzip() -> RefusedError:
    return RefusedError(
        HTTPStatus.BAD_REQUEST,
        "bad_gzip",
        "The body is not one complete gzip stream, as Content-Encoding says.",
    )
