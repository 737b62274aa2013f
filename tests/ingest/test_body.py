import asyncio
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any

import pytest

from analytics_pipeline.endpoint import MAX_BODY_BYTES
from analytics_pipeline.ingest.answers import Receive, RefusedError
from analytics_pipeline.ingest.body import ClientGoneError, Memory, read_body


def chunks(*parts: bytes, ends: bool = True) -> Receive:
    """A client that sends these parts and then, unless it ends, nothing more."""
    waiting = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if ends:
        waiting[-1]["more_body"] = False

    async def receive() -> MutableMapping[str, Any]:
        if not waiting:
            await asyncio.sleep(60)
        return waiting.pop(0)

    return receive


def read(receive: Receive, memory: Memory, declared: int | None = None) -> bytes:
    async def go() -> bytes:
        with memory.hold() as held:
            return await read_body(receive, held, declared, seconds=0.05)

    return asyncio.run(go())


def test_a_body_is_put_together_from_its_parts() -> None:
    assert read(chunks(b"a", b"", b"bc"), Memory(10)) == b"abc"


def test_a_body_that_dribbles_is_given_up() -> None:
    memory = Memory(100)
    with pytest.raises(RefusedError) as refused:
        read(chunks(b"a", b"b", ends=False), memory)
    assert refused.value.status == HTTPStatus.REQUEST_TIMEOUT
    assert memory.used == 0


def test_a_declared_length_is_refused_before_it_is_read() -> None:
    with pytest.raises(RefusedError) as refused:
        read(chunks(b"a", ends=False), Memory(100), declared=MAX_BODY_BYTES + 1)
    assert refused.value.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def test_bytes_are_held_until_the_answer_and_never_more_than_allowed() -> None:
    memory = Memory(10)
    with memory.hold() as first:
        first.add(8)
        with pytest.raises(RefusedError) as refused:
            read(chunks(b"abc"), memory)
        assert refused.value.status == HTTPStatus.SERVICE_UNAVAILABLE
        assert memory.used == 8
    assert memory.used == 0


def test_a_client_that_hangs_up_is_not_waited_for() -> None:
    async def gone() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    memory = Memory(10)
    with pytest.raises(ClientGoneError):
        read(gone, memory)
    assert memory.used == 0
