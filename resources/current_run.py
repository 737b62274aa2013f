"""The run that is executing: it holds the turn from its first read of the inbox to its last commit."""

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from typing import Self

import dagster as dg
import psycopg
from pydantic import PrivateAttr

from analytics_pipeline.database.site import check_site
from analytics_pipeline.database.turn import Turn, TurnTakenError, hold_turn
from analytics_pipeline.database.urls import database_urls
from analytics_pipeline.engine import Engine
from analytics_pipeline.engine.cluster import open_cluster
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.run import PipelineRun
from analytics_pipeline.settings import load_settings
from resources.connections import keep_connections
from resources.lost_runs import GRACE_SECONDS, end_lost_runs, has_ended

NO_WAIT_TAG = "analytics/no_wait"
"""On a run that is to be given up, not to wait, when another run holds the turn."""

SKIPPED_TAG = "analytics/skipped"
"""On a run that was given up; its value is the reason."""


class RunOverError(Exception):
    """The run's turn came after Dagster had recorded it as over."""


class CurrentRun(dg.ConfigurableResource):
    """What the assets of one run share; the run waits for its turn, and holds it while it lasts.

    With the in-process executor Dagster sets a resource up once per run, before the first step, and tears it
    down after the last, also when the run fails or is cancelled: so the turn is one for the whole run. It
    reads the settings itself: what passes through a resource's configuration is kept in Dagster's records,
    passwords included.
    """

    _pipeline: PipelineRun = PrivateAttr()
    _failed_days: dict[date, str] = PrivateAttr(default_factory=dict)

    @property
    def pipeline(self) -> PipelineRun:
        """What the run works with."""
        return self._pipeline

    @property
    def failed_days(self) -> dict[date, str]:
        """The days that an asset of this run has failed on, each with its reason; assets add to it."""
        return self._failed_days

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Self]:
        """Give the resource when the run has its turn."""
        settings = load_settings()
        lake = Lake(settings.lake_root)
        lake.check()
        url = database_urls(settings).pipeline
        instance, log, run = context.instance, context.log, context.run
        if instance is None or log is None or run is None:
            raise RuntimeError("A run holds the turn, and there is no run.")
        if run.remote_job_origin is not None:
            # Dagster itself has started this process, which else connects anew for each event.
            keep_connections(instance)
        with ExitStack() as held:
            session = psycopg.connect(url, autocommit=True, application_name=f"run {run.run_id}")
            connection = held.enter_context(session)
            check_site(connection, settings)
            with _interruptible():
                turn = held.enter_context(_turn(url, run, instance, log))
                end_lost_runs(instance, connection, run.run_id, log.warning, GRACE_SECONDS)
            engine = Engine(settings.home.absolute() / "scratch", lake.attach)
            cluster = held.enter_context(open_cluster(settings, engine))
            self._pipeline = PipelineRun(connection, lake, engine, turn, settings, cluster)
            yield self


@contextmanager
def _turn(
    url: str, run: dg.DagsterRun, instance: dg.DagsterInstance, log: dg.DagsterLogManager
) -> Iterator[Turn]:
    try:
        with hold_turn(
            url,
            run.run_id,
            has_ended=lambda holder: has_ended(instance, holder),
            on_wait=lambda holder: log.info("Waiting for the run %s, whose turn it is.", holder),
            wait=NO_WAIT_TAG not in run.tags,
        ) as turn:
            if has_ended(instance, run.run_id):
                raise RunOverError(
                    "This run was recorded as over before its turn came, so it writes nothing: its days are "
                    "still due."
                )
            yield turn
    except TurnTakenError as taken:
        reason = f"locked: run {taken.holder_run_id} in progress"
        instance.add_run_tags(run.run_id, {SKIPPED_TAG: reason})
        # So that it ends as cancelled: a failure would be tried again, and call for attention.
        instance.report_run_canceling(run, str(taken))
        raise


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C and a cancellation end the block; while it sets up a run, Dagster keeps them for later."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, signal.default_int_handler) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
