"""Kills what may be killed, at random moments, until told to stop or often enough."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.database.postmaster import postmaster
from tests.ingest.service import Service, children
from tests.ingest.soak.sealer import Sealer


class Killer:
    """SIGKILL to ingest workers, to the sealing process, to sessions of PostgreSQL and to all of it."""

    def __init__(
        self, home: Path, service: Service, sealer: Sealer, pauses: tuple[float, float], most: int
    ) -> None:
        self.kills: Counter[str] = Counter()
        self._server = EmbeddedServer(home)
        self._data = Path((home / "postgres.location").read_text())
        self._service = service
        self._sealer = sealer
        self._pauses = pauses
        self._most = most
        self._random = random.Random(20260301)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Killer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._server.start()

    def _run(self) -> None:
        ways: list[Callable[[], None]] = [
            self._kill_worker,
            self._kill_postgres,
            self._kill_worker,
            self._kill_session,
            self._kill_sealer,
        ]
        while True:
            self._random.shuffle(ways)
            for kill in ways:
                if self.kills.total() >= self._most or self._stop.wait(self._random.uniform(*self._pauses)):
                    return
                kill()

    def _kill_worker(self) -> None:
        self._kill("ingest worker", self._service.workers())

    def _kill_sealer(self) -> None:
        self._kill("sealing process", [self._sealer.pid])

    def _kill_session(self) -> None:
        """One session: PostgreSQL then ends all others and recovers by itself."""
        server = postmaster(self._data)
        self._kill("PostgreSQL session", children(server) if server else [])

    def _kill_postgres(self) -> None:
        server = postmaster(self._data)
        self._kill("PostgreSQL", [server] if server else [])
        time.sleep(self._random.uniform(0, 2))
        self._server.start()

    def _kill(self, what: str, processes: list[int]) -> None:
        if processes:
            with suppress(ProcessLookupError):
                os.kill(self._random.choice(processes), signal.SIGKILL)
                self.kills[what] += 1
