"""Hundreds of clients in a process of their own: each sends batch after batch and notes what was answered.

Most send a batch again until it is acknowledged. Some forget a batch that got no answer, as a page does that
is closed. The id of an event is `client-batch-index`, so that what must be stored follows from the tally.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import uvloop

SIZES = (1, 20, 100, 500)
DAYS = 5
REJECTED_BATCHES_OF = 40
ANSWER_SECONDS = 40.0
_PLACE = b"CCCC-BBBBBB"

Send = Callable[[bytes], Awaitable[tuple[int, bytes]]]


@dataclass
class Tally:
    """What one client sent: batches `0 .. batches - 1`, all acknowledged but those in `unanswered`."""

    size: int
    rejected: int
    batches: int = 0
    unanswered: list[int] = field(default_factory=list)


@dataclass
class Load:
    """What all clients share: how much is enough, and what was answered so far."""

    port: int
    key: str
    events: int
    ends: float
    pause: float
    acknowledged: int = 0
    answers: Counter[str] = field(default_factory=Counter)

    @property
    def is_enough(self) -> bool:
        return self.acknowledged >= self.events and time.monotonic() >= self.ends


def size_of(client: int) -> int:
    return SIZES[client % len(SIZES)]


def rejected_of(client: int) -> int:
    """How many events of each batch are bad on purpose: one, of a few clients."""
    return int(client % REJECTED_BATCHES_OF == 1)


def template(client: int) -> bytes:
    """A body with a place for the batch: the same whenever it is made on the same day."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    events = [
        {
            "id": f"{_PLACE.decode()}-{index:03}",
            "eventType": "lesson_viewed",
            "userId": f"learner-{client}-{index % 7}",
            "courseId": f"course-{client % 20}",
            "lessonIdx": -1 if index < rejected_of(client) else index % 30,
            "createdAt": (
                midnight - timedelta(days=(client + index // 100) % DAYS, seconds=index + 1)
            ).isoformat(),
        }
        for index in range(size_of(client))
    ]
    return json.dumps({"events": events}).encode()


async def run_client(client: int, load: Load) -> Tally:
    """Send until there is enough, one batch at a time."""
    rng = random.Random(client)
    tally = Tally(size_of(client), rejected_of(client))
    body, is_forgetful = template(client), client % 5 == 0
    connection = Connection(load)
    await asyncio.sleep(rng.uniform(0, 0.5))
    while not load.is_enough:
        batch = tally.batches
        tally.batches += 1
        sent = body.replace(_PLACE, f"{client:04}-{batch:06}".encode())
        while not await connection.deliver(sent, tally):
            if is_forgetful:
                tally.unanswered.append(batch)
                break
            await asyncio.sleep(rng.uniform(0.05, 0.5))
        await asyncio.sleep(load.pause * rng.uniform(0.5, 1.5))
    connection.close()
    return tally


class Connection:
    """A keep-alive connection that is made anew after every trouble."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def deliver(self, body: bytes, tally: Tally) -> bool:
        """Send a batch; whether it was acknowledged."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                status, answer = await self._post(body)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            self._load.answers[type(error).__name__] += 1
            self.close()
            return False
        self._load.answers[str(status)] += 1
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            return False
        told = json.loads(answer)
        assert status == HTTPStatus.ACCEPTED, (status, answer)
        assert told["accepted"] == tally.size - tally.rejected, answer
        assert [rejection["index"] for rejection in told["rejected"]] == list(range(tally.rejected))
        self._load.acknowledged += tally.size
        return True

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _post(self, body: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._load.port)
        reader, writer = self._streams
        head = (
            f"POST /api/analytics/event HTTP/1.1\r\nhost: x\r\nx-write-key: {self._load.key}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return int(answer.split(b" ", 2)[1]), await reader.readexactly(length)


async def run(options: argparse.Namespace) -> dict[str, object]:
    """Run all clients to their end."""
    load = Load(options.port, options.key, options.events, time.monotonic() + options.seconds, options.pause)
    tallies = await asyncio.gather(*(run_client(client, load) for client in range(options.clients)))
    return {"answers": load.answers, "tallies": [vars(tally) for tally in tallies]}


def main() -> None:
    """Read the options, run, print the tally."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, kind in (("port", int), ("key", str), ("clients", int), ("events", int)):
        parser.add_argument(f"--{name}", type=kind, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="not less than so long")
    parser.add_argument("--pause", type=float, required=True, help="seconds between two batches of a client")
    json.dump(uvloop.run(run(parser.parse_args())), sys.stdout)


if __name__ == "__main__":
    main()
