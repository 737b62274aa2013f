"""A year of a platform's events, made by DuckDB as fast as they can be written."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import psycopg

from analytics_pipeline.database.turn import hold_turn
from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.engine import copy_to_parquet
from analytics_pipeline.lake.catalogue import LakeDay, advance
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.lake.schema import Kind
from analytics_pipeline.settings import Settings

EVENTS = Path(__file__).with_name("year_events.sql").read_text(encoding="utf-8")

EVENTS_OF_AN_ENTRANT = 35.4
LONGEST_STAY = 112
DAYS_AT_ONCE = 10
BATCH = 500

_LINES = f"""
    SELECT json_object('event_id', event_id, 'event_type', event_type, 'learner_id', learner_id,
                       'course_id', course_id, 'lesson_idx', lesson_idx, 'metadata', metadata::JSON,
                       'occurred_at', epoch_us(occurred_at), 'received_at', epoch_us(received_at),
                       'skew_us', 0)
      FROM ({EVENTS})
     ORDER BY occurred_at
"""  # noqa: S608  # a file of ours
_INSERT = "INSERT INTO ingest.inbox (day, received_at, events, payload) VALUES (%s, now(), %s, %s)"


@dataclass(frozen=True)
class Platform:
    """So many events on each day from the first."""

    first: date
    events_a_day: int

    def day(self, number: int) -> date:
        """The day of this number, from 0."""
        return self.first + timedelta(days=number)

    def deliver(self, connection: psycopg.Connection, number: int) -> None:
        """Put the day's events into the inbox, as the ingest service leaves them."""
        with _duck() as duck:
            lines = [line for (line,) in duck.execute(_LINES, self._parameters(number, number)).fetchall()]
        batches = (lines[at : at + BATCH] for at in range(0, len(lines), BATCH))
        with connection.cursor() as cursor:
            cursor.executemany(
                _INSERT,
                [(self.day(number), len(batch), "".join(f"{line}\n" for line in batch)) for batch in batches],
            )

    def lay(self, settings: Settings, stretch: range) -> int:
        """Put whole days into the lake, as sealing leaves them; how many events they hold."""
        lake = Lake(settings.lake_root)
        rows: list[LakeDay] = []
        for at in range(stretch.start, stretch.stop, DAYS_AT_ONCE):
            rows += self._write(lake, at, min(at + DAYS_AT_ONCE, stretch.stop) - 1)
        url = database_urls(settings).pipeline
        with (
            hold_turn(url, "bench", has_ended=lambda _: False, on_wait=lambda _: None) as turn,
            psycopg.connect(url) as connection,
        ):
            turn.check(connection)
            advance(connection, [(None, row) for row in rows])
        return sum(row.events for row in rows)

    def _write(self, lake: Lake, first: int, last: int) -> Iterator[LakeDay]:
        with _duck() as duck:
            duck.execute(f"CREATE TABLE block AS {EVENTS}", self._parameters(first, last))
            for number in range(first, last + 1):
                day = self.day(number)
                name = lake.new_name(Kind.EVENTS, day, 1)
                of_day = "SELECT * FROM block WHERE day = $day"
                events = copy_to_parquet(duck, of_day, {"day": day}, lake.place(name))
                yield LakeDay(day, 1, [name], events, lake.size([name]), 0, [], None, None, pruned=False)

    def _parameters(self, first: int, last: int) -> dict[str, object]:
        return {
            "first": self.first,
            "from_day": first,
            "to_day": last,
            "entrants": round(self.events_a_day / EVENTS_OF_AN_ENTRANT),
            "longest": LONGEST_STAY,
        }


@contextmanager
def _duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"memory_limit": "2GB"}) as duck:
        duck.execute("SET TimeZone = 'UTC'")
        yield duck
