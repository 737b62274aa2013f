"""Everything that was ever acknowledged is in the sealed day files exactly once, whatever was killed."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import psycopg
import pytest

from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.database.migrate import migrate
from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.ingest.keys import create_key
from analytics_pipeline.settings import Settings
from tests.ingest.service import running
from tests.ingest.soak.killer import Killer
from tests.ingest.soak.sealer import Sealer, seal_waiting

ROOT = Path(__file__).parents[3]

# Each batch as it was sent, and what the day files hold of it.
COMPARE = """
    WITH stored AS (
        SELECT split_part(event_id, '-', 1)::INT AS client, split_part(event_id, '-', 2)::INT AS batch,
               count(*) AS events, count(DISTINCT event_id) AS ids
          FROM read_parquet($files)
         GROUP BY ALL)
    SELECT sent.client, sent.batch, sent.good, sent.acknowledged, stored.events, stored.ids
      FROM sent
      FULL JOIN stored USING (client, batch)
     WHERE (stored.events IS DISTINCT FROM sent.good OR stored.ids IS DISTINCT FROM sent.good)
       AND (sent.acknowledged IS DISTINCT FROM false OR stored.events IS NOT NULL)
"""


@dataclass(frozen=True)
class Soak:
    """How much is sent, for how long at least, and what is killed: seconds between two, and how many."""

    clients: int
    events: int
    seconds: float
    pause: float
    workers: int
    kills_every: tuple[float, float]
    most_kills: int
    seals_every: float


@contextmanager
def own_site(home: Path, workers: int) -> Iterator[Settings]:
    """A PostgreSQL that may be killed, durable as it is for everybody, migrated."""
    settings = Settings(home=home, ingest_workers=workers)
    server = EmbeddedServer(home)
    try:
        migrate(settings)
        yield settings
    finally:
        server.remove()


def send_and_kill(settings: Settings, folder: Path, soak: Soak) -> tuple[dict[str, Any], dict[str, int]]:
    """The clients' tally and the kills."""
    with psycopg.connect(database_urls(settings).pipeline) as connection:
        key = create_key(connection, "soak")[1]
    with (
        running(settings, folder / "log", key) as service,
        Sealer(settings, folder, soak.seals_every) as sealer,
        Killer(settings.home, service, sealer, soak.kills_every, soak.most_kills) as killer,
    ):
        command = [
            sys.executable,
            "-m",
            "tests.ingest.soak.clients",
            "--port",
            service.url.rpartition(":")[2],
        ]
        given = {name: getattr(soak, name) for name in ("clients", "events", "seconds", "pause")}
        for name, value in {"key": key, **given}.items():
            command += [f"--{name}", str(value)]
        sent = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return json.loads(sent.stdout), dict(killer.kills)


def sent_batches(tallies: list[dict[str, Any]]) -> pd.DataFrame:
    """One row a batch: how many events of it are good and bad, and whether it was acknowledged."""
    rows = []
    for client, tally in enumerate(tallies):
        unanswered, bad = set(tally["unanswered"]), tally["rejected"]
        good = tally["size"] - bad
        rows += [(client, batch, good, bad, batch not in unanswered) for batch in range(tally["batches"])]
    return pd.DataFrame(rows, columns=["client", "batch", "good", "bad", "acknowledged"])


def soak_it(home: Path, folder: Path, soak: Soak) -> str:
    """Run it, seal the rest, compare; returns the counts in words."""
    with own_site(home, soak.workers) as settings:
        started = time.monotonic()
        seen, kills = send_and_kill(settings, folder, soak)
        sending = time.monotonic() - started
        seal_waiting(settings, folder)
        with psycopg.connect(database_urls(settings).pipeline) as connection:
            waiting = connection.execute("SELECT count(*) FROM ingest.inbox").fetchall()
            rows = connection.execute("SELECT files, events, duplicates FROM analytics.lake_day").fetchall()
            quarantined = connection.execute("SELECT event_id, reason FROM ingest.quarantine").fetchall()
    assert waiting == [(0,)]
    sent = sent_batches(seen["tallies"])
    files = [str(folder / "lake" / name) for names, _, _ in rows for name in names]
    with duckdb.connect() as duck:
        duck.register("sent", sent)
        assert duck.execute(COMPARE, {"files": files}).fetchall() == []
    assert_rejected_are_kept(sent, quarantined)
    acknowledged = int(sent[sent.acknowledged].good.sum())
    assert acknowledged >= soak.events * 0.99
    forgotten = int((~sent.acknowledged).sum())
    return (
        f"{acknowledged:,} good events acknowledged in {sending:.0f} s by {soak.workers} workers to"
        f" {soak.clients} clients; {sum(events for _, events, _ in rows):,} sealed,"
        f" {sum(repeats for _, _, repeats in rows):,} repeated deliveries left out,"
        f" {forgotten:,} batches without an answer; killed: {kills}; answers: {seen['answers']}"
    )


def assert_rejected_are_kept(sent: pd.DataFrame, quarantined: list[tuple[Any, ...]]) -> None:
    """Each bad event of an acknowledged batch is in quarantine, and nothing else of these ids."""
    kept = {event_id for event_id, _ in quarantined}
    assert len(kept) == len(quarantined)
    assert {reason.partition(":")[0] for _, reason in quarantined} <= {"invalid"}
    rejected = sent[sent.acknowledged & (sent.bad > 0)]
    assert {
        f"{client:04}-{batch:06}-000" for client, batch in zip(rejected.client, rejected.batch, strict=True)
    } <= kept


def test_what_was_acknowledged_is_sealed_once_while_workers_and_postgres_are_killed(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    soak = Soak(
        clients=200,
        events=40_000,
        seconds=8,
        pause=3.0,
        workers=2,
        kills_every=(0.5, 1.5),
        most_kills=5,
        seals_every=2,
    )
    told = soak_it(tmp_path_factory.mktemp("soak"), tmp_path, soak)
    for killed in ("ingest worker", "PostgreSQL'"):
        assert killed in told, told


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_ten_million_acknowledged_events_are_sealed_once_while_workers_and_postgres_are_killed(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soak = Soak(
        clients=240,
        events=10_100_000,
        seconds=60,
        pause=0.0,
        workers=3,
        kills_every=(2, 8),
        most_kills=10_000,
        seals_every=15,
    )
    told = soak_it(tmp_path_factory.mktemp("soak"), tmp_path, soak)
    with capsys.disabled():
        sys.stdout.write(f"\n{told}\n")
