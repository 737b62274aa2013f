"""A run without Dagster, for commands that change what is stored: it waits for its turn like any other."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import psycopg

from analytics_pipeline.audit.job_run import JobRun, RunStatus, Trigger
from analytics_pipeline.audit.store import upsert
from analytics_pipeline.database.site import check_site
from analytics_pipeline.database.turn import hold_turn
from analytics_pipeline.database.urls import Role, ensure_url
from analytics_pipeline.engine import Engine
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.run import PipelineRun
from analytics_pipeline.settings import Settings

# Older than every change that Dagster has recorded: the log is brought up to date from its newest one on.
UNKNOWN_TO_DAGSTER = datetime(1970, 1, 1, tzinfo=UTC)


@contextmanager
def maintenance_run(settings: Settings, job: str, say: Callable[[str], None]) -> Iterator[PipelineRun]:
    """Hold the turn while the block runs, and note in the audit log how it ended.

    `say` is told for whom it waits. Where the process is killed, the log has no entry.
    """
    url = ensure_url(settings, Role.PIPELINE)
    run_id = f"{job}-{uuid4()}"
    lake = Lake(settings.lake_root)
    lake.check()
    asked_at = datetime.now(UTC)
    with psycopg.connect(url, autocommit=True, application_name=f"run {run_id}") as connection:
        check_site(connection, settings)
        with hold_turn(
            url,
            run_id,
            # Only Dagster knows whether another run is over; one that died gives its turn back by itself.
            has_ended=lambda _: False,
            on_wait=lambda holder: say(f"Waiting for the run {holder}, whose turn it is."),
        ) as turn:
            engine = Engine(settings.home.absolute() / "scratch", lake.attach)
            with _noted(connection, run_id, job, asked_at):
                yield PipelineRun(connection, lake, engine, turn, settings)


@contextmanager
def _noted(connection: psycopg.Connection, run_id: str, job: str, asked_at: datetime) -> Iterator[None]:
    started_at = datetime.now(UTC)
    error: str | None = "it was ended from outside"
    try:
        yield
        error = None
    except Exception as fault:
        error = type(fault).__name__
        raise
    finally:
        entry = JobRun(
            run_id=run_id,
            job=job,
            status=RunStatus.FAILED if error else RunStatus.SUCCESS,
            trigger=Trigger.CLI,
            partition=None,
            queued_at=asked_at,
            started_at=started_at,
            ended_at=datetime.now(UTC),
            error=error,
            counts={},
            updated_at=UNKNOWN_TO_DAGSTER,
            action=f"ANALYTICS_{job.upper()}",
        )
        if not connection.broken:
            upsert(connection, [entry])
