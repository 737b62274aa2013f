"""Under another zone everything is as if the site had always been in it; until the commit nothing is."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from analytics_pipeline.database.site import WrongTimezoneError, check_site, stored_timezone
from analytics_pipeline.lake.catalogue import due_days
from analytics_pipeline.lake.seal import seal_days
from analytics_pipeline.metrics.publication import publish_cohorts
from analytics_pipeline.rezone import rezone as module
from analytics_pipeline.rezone.rezone import RezoneRefusedError, rebuild, rezone
from analytics_pipeline.run import PipelineRun
from tests.conftest import Database, Server, fresh_database
from tests.course_life import FIRST, life
from tests.inbox import deliver
from tests.metrics.nights import published, through
from tests.metrics.oracle import Wire
from tests.pipeline_runs import a_run

DAYS = 5
STREAM = life(seed=31, days=DAYS, learners=15, events_a_day=60)
WIRE = [event for wire in STREAM.values() for event in wire]
TABLES = (
    *("event_day", "lesson_daily", "course_daily"),
    *("lesson_cohort", "quiz_cohort", "course_funnel", "course_refund"),
)


def quiet(_: str) -> None:
    """Nobody listens."""


def rows(database: Database) -> dict[str, list[str]]:
    """What is published, as-of aside: that is yesterday, wherever that is."""
    return {
        table: sorted(
            str({n: v for n, v in row.items() if n != "as_of"}) for row in published(database, table)
        )
        for table in TABLES
    }


def wait_for_the_last_session(database: Database) -> None:
    """A session that was closed is seen for a moment longer, and would be in the way."""
    with database.connect("owner") as owner:
        while owner.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
            "   AND usename IN ('analytics_ingest', 'analytics_admin')"
        ).fetchone():
            time.sleep(0.05)


@contextmanager
def site(server: Server, folder: Path, zone: str) -> Iterator[tuple[Database, PipelineRun]]:
    """A site in this zone that has published the stream."""
    with fresh_database(server) as database:
        with database.connect("owner") as owner:
            owner.execute("UPDATE analytics.site SET timezone = %s", [zone])
        with a_run(database, folder, timezone=zone, first_day=date(2024, 1, 1)) as run:
            publish(database, run, WIRE)
            yield database, run


def publish(database: Database, run: PipelineRun, wire: list[Wire]) -> None:
    with database.connect("ingest") as ingest:
        days = sorted(deliver(ingest, wire, run.settings))
    through(run, days)
    seal_days(run, [days[0] + timedelta(days=n) for n in range((days[-1] - days[0]).days + 1)], quiet)
    publish_cohorts(run)


def in_zone(run: PipelineRun, zone: str) -> PipelineRun:
    settings = run.settings.model_copy(update={"timezone": zone})
    return PipelineRun(run.connection, run.lake, run.engine, run.turn, settings)


@pytest.mark.parametrize(
    ("old", "new"), [("UTC", "Pacific/Kiritimati"), ("Europe/Paris", "Pacific/Pago_Pago")]
)
def test_every_number_is_as_if_the_site_had_always_been_in_the_new_zone(
    server: Server, tmp_path: Path, old: str, new: str
) -> None:
    with site(server, tmp_path / "new", new) as (database, _):
        expected = rows(database)
    with site(server, tmp_path / "old", old) as (database, run):
        assert rows(database) != expected
        late = {**WIRE[0], "id": "waits-in-the-inbox", "courseId": "c9"}
        with database.connect("ingest") as ingest:
            deliver(ingest, [late], run.settings)
        wait_for_the_last_session(database)
        with database.connect("owner") as owner:
            rezone(run, owner, ZoneInfo(new), quiet)
            assert stored_timezone(owner) == new
            with pytest.raises(WrongTimezoneError, match=f"cut in {new}: set it back to {new}"):
                check_site(owner, run.settings)
        moved = in_zone(run, new)
        assert rebuild(moved, quiet) == {}
        found = rows(database)
        assert any("'c9'" in row for row in found["event_day"])
        assert {table: [row for row in found[table] if "'c9'" not in row] for table in TABLES} == expected
        named = {
            name
            for files, learner_files in run.connection.execute(
                "SELECT files, learner_files FROM analytics.lake_day"
            )
            for name in [*files, *learner_files]
        }
        folder = tmp_path / "old" / "lake"
        on_disk = {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")}
        assert {name for name in on_disk if name.startswith("events/")} == {
            name for name in named if name.startswith("events/")
        }


@pytest.mark.parametrize("step", ["cut_anew", "_put_in_force", "advance", "collect_garbage"])
def test_stopped_at_any_step_either_zone_is_in_force_and_the_next_start_ends_it(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    done = getattr(module, step)

    def stop_after(*given: Any, **named: Any) -> None:
        done(*given, **named)
        raise KeyboardInterrupt

    with site(server, tmp_path, "UTC") as (database, run), database.connect("owner") as owner:
        before = rows(database)
        wait_for_the_last_session(database)
        with monkeypatch.context() as patch:
            patch.setattr(module, step, stop_after)
            with pytest.raises(KeyboardInterrupt):
                rezone(run, owner, ZoneInfo("Asia/Tokyo"), quiet)
        if stored_timezone(owner) == "UTC":
            assert rows(database) == before
            wait_for_the_last_session(database)
            rezone(run, owner, ZoneInfo("Asia/Tokyo"), quiet)
        moved = in_zone(run, "Asia/Tokyo")
        assert due_days(run.connection, FIRST + timedelta(days=DAYS + 1))
        rebuild(moved, quiet)
        counted = owner.execute("SELECT sum(events + excluded)::int FROM analytics.event_day").fetchone()
        assert counted == (len(WIRE),)


def test_pruned_days_and_running_services_are_in_the_way(server: Server, tmp_path: Path) -> None:
    with site(server, tmp_path, "UTC") as (database, run), database.connect("owner") as owner:
        with database.connect("ingest"), pytest.raises(RezoneRefusedError, match="stop the services"):
            rezone(run, owner, ZoneInfo("Asia/Tokyo"), quiet)
        owner.execute("UPDATE analytics.lake_day SET pruned_at = now() WHERE day = %s", [FIRST])
        with pytest.raises(RezoneRefusedError, match="1 days are pruned"):
            rezone(run, owner, ZoneInfo("Asia/Tokyo"), quiet)
        assert stored_timezone(owner) == "UTC"
