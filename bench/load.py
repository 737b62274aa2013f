"""A load generator in a process of its own: keeps connections busy, or paced, and prints what it saw."""

import argparse
import asyncio
import json
import random
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import cast

import uvloop

HOST = "127.0.0.1"
BODIES = 64


def event(rng: random.Random, at: datetime) -> dict[str, object]:
    """An event as an emitter sends it: lessons mostly, a quiz now and then."""
    kind = rng.choices(["lesson_viewed", "lesson_time", "lesson_completed", "quiz_attempted"], [5, 3, 1, 1])[
        0
    ]
    fields: dict[str, object] = {
        "id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "eventType": kind,
        "userId": f"learner-{rng.randrange(100_000)}",
        "courseId": f"course-{rng.randrange(50)}",
        "lessonIdx": rng.randrange(40),
        "createdAt": (at - timedelta(seconds=rng.random() * 120)).isoformat(timespec="milliseconds"),
    }
    if kind == "lesson_time":
        fields["metadata"] = {"activeMs": 30_000}
    if kind == "quiz_attempted":
        fields["metadata"] = {"quizId": f"quiz-{rng.randrange(20)}", "score": 0.75, "attempt": 1}
    return fields


def requests(port: int, key: str, batch: int) -> list[bytes]:
    """Complete HTTP requests, made before the clock starts."""
    rng, at = random.Random(batch), datetime.now(UTC)
    made = []
    for _ in range(BODIES):
        content = {"events": [event(rng, at) for _ in range(batch)], "sentAt": at.isoformat()}
        body = json.dumps(content, separators=(",", ":")).encode()
        head = (
            f"POST /api/analytics/event HTTP/1.1\r\nHost: {HOST}:{port}\r\nX-Write-Key: {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


class Client(asyncio.Protocol):
    """One keep-alive connection: the next request goes out when the last one is answered, and is due."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._answer = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start sending."""
        self._transport = cast("asyncio.WriteTransport", transport)
        self._send_when_due()

    def data_received(self, data: bytes) -> None:
        """Take note of a complete answer, and go on."""
        self._answer += data
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]):
            return
        assert head.startswith(b"HTTP/1.1 202"), self._answer
        self._answer = b""
        self._load.answered(time.perf_counter() - self._sent_at)
        self._send_when_due()

    def _send_when_due(self) -> None:
        delay = self._load.next_delay()
        if delay is not None:
            self._load.loop.call_later(delay, self._send) if delay > 0 else self._send()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._load.next_request())


class Load:
    """What all connections share: the requests, the pace, and the answers."""

    def __init__(self, made: list[bytes], seconds: float, warm_up: float, rate: float | None) -> None:
        self.loop = asyncio.get_running_loop()
        self._made, self._next = made, 0
        self._starts = time.perf_counter() + warm_up
        self._ends = self._starts + seconds
        self._rate, self._paced = rate, 0
        self.latencies: list[float] = []

    def next_request(self) -> bytes:
        """One request after the other, round and round."""
        self._next += 1
        return self._made[self._next % len(self._made)]

    def next_delay(self) -> float | None:
        """Seconds until the next request may go; None when time is up."""
        now = time.perf_counter()
        if now >= self._ends:
            return None
        if self._rate is None:
            return 0.0
        self._paced += 1
        return max(0.0, self._starts + self._paced / self._rate - now)

    def answered(self, latency: float) -> None:
        """Keep the seconds that an answer took, outside of the warm-up."""
        if self._starts <= time.perf_counter() < self._ends:
            self.latencies.append(latency)


async def run(options: argparse.Namespace) -> dict[str, float]:
    """Events per second and latencies in milliseconds over the measured time."""
    made = requests(options.port, options.key, options.batch)
    load = Load(made, options.seconds, options.warm_up, options.rate)
    clients = [
        await load.loop.create_connection(lambda: Client(load), HOST, options.port)
        for _ in range(options.connections)
    ]
    await asyncio.sleep(options.warm_up + options.seconds + 0.5)
    for transport, _ in clients:
        transport.close()
    latencies = sorted(load.latencies) or [float("nan")]
    return {
        "events_per_second": len(load.latencies) * options.batch / options.seconds,
        "requests_per_second": len(load.latencies) / options.seconds,
        "p50_ms": latencies[len(latencies) // 2] * 1000,
        "p99_ms": latencies[len(latencies) * 99 // 100] * 1000,
    }


def main() -> None:
    """Read the options, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--warm-up", type=float, default=1.0)
    parser.add_argument("--rate", type=float, help="requests per second; as fast as it goes when left out")
    print(json.dumps(uvloop.run(run(parser.parse_args()))))


if __name__ == "__main__":
    main()
