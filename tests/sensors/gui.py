"""Starting runs as Dagster's own pages and daemons do: through GraphQL, and through the queue."""

import asyncio
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._cli.job import _create_run
from dagster._core.remote_representation.grpc_server_registry import GrpcServerRegistry
from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._daemon.daemon import SchedulerDaemon  # noqa: F401  # the module below cannot be imported first
from dagster._grpc.constants import GrpcServerCommand
from dagster._scheduler.scheduler import launch_scheduled_runs
from dagster_graphql.client.query import (
    LAUNCH_PARTITION_BACKFILL_MUTATION,
    LAUNCH_PIPELINE_EXECUTION_MUTATION,
)
from dagster_graphql.schema import create_schema

from sensors.jobs import CODE_LOCATION, NIGHTLY

WORKSPACE = str(Path(__file__).parents[2] / "workspace.yaml")
PARTITIONED = ("raw_events", "learner_days", "event_day", "lesson_daily", "course_daily")


class Gui:
    """One workspace, as the webserver holds it."""

    def __init__(self, instance: dg.DagsterInstance, workspace: WorkspaceRequestContext) -> None:
        self._instance = instance
        self._workspace = workspace
        self._schema = create_schema()
        self._location = workspace.get_code_location(CODE_LOCATION)
        (self._repository,) = self._location.get_repositories().values()

    def launch(self, tags: Mapping[str, str]) -> str:
        """A click on `Launch run`; the run's id."""
        parameters = {
            "selector": {
                "repositoryLocationName": CODE_LOCATION,
                "repositoryName": self._repository.name,
                "jobName": NIGHTLY,
            },
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": key, "value": tags[key]} for key in tags]},
        }
        answer = self._ask(LAUNCH_PIPELINE_EXECUTION_MUTATION, executionParams=parameters)
        return str(answer["run"]["runId"])

    def backfill(self, day: str) -> str:
        """A backfill of the partitioned assets; its id."""
        parameters = {
            "assetSelection": [{"path": [key]} for key in PARTITIONED],
            "partitionNames": [day],
        }
        answer = self._ask(LAUNCH_PARTITION_BACKFILL_MUTATION, backfillParams=parameters)
        return str(answer["backfillId"])

    def request(self, tags: Mapping[str, str]) -> str:
        """What a daemon does with a run request of a schedule or a sensor; the run's id."""
        run = _create_run(
            instance=self._instance,
            code_location=self._location,
            remote_repo=self._repository,
            remote_job=self._repository.get_full_job(NIGHTLY),
            run_config={},
            tags=dict(tags),
            op_selection=None,
            run_id=None,
        )
        self._instance.submit_run(run.run_id, self._workspace)
        return str(run.run_id)

    def _ask(self, query: str, **variables: Any) -> Mapping[str, Any]:
        asked = self._schema.execute_async(query, context_value=self._workspace, variables=variables)
        with warnings.catch_warnings():
            # Dagster's own schema calls functions of its own that it has deprecated.
            warnings.simplefilter("ignore", DeprecationWarning)
            answer = asyncio.run(asked)
        assert not answer.errors, answer.errors
        (result,) = answer.data.values()
        assert result["__typename"].endswith("Success"), result
        return dict(result)


@contextmanager
def open_gui(instance: dg.DagsterInstance) -> Iterator[Gui]:
    """A workspace with a code server of its own."""
    with _workspace(instance) as process:
        yield Gui(instance, process.create_request_context())


def pass_time(instance: dg.DagsterInstance, clock: list[datetime]) -> None:
    """Let the daemon look at the schedules at each of these instants, one after the other."""
    with _workspace(instance) as process:
        for now in clock:
            for error in launch_scheduled_runs(process, logging.getLogger(__name__), now, {}):
                assert error is None, error


@contextmanager
def _workspace(instance: dg.DagsterInstance) -> Iterator[WorkspaceProcessContext]:
    # The servers that a workspace starts by itself are left to end on their own, and a process that
    # nobody waited for is a warning in whichever test comes next.
    servers = GrpcServerRegistry(
        instance_ref=instance.get_ref(),
        server_command=GrpcServerCommand.API_GRPC,
        heartbeat_ttl=45,
        startup_timeout=instance.code_server_process_startup_timeout,
        wait_for_processes_on_shutdown=True,
    )
    target = WorkspaceFileTarget([WORKSPACE])
    with servers, WorkspaceProcessContext(instance, target, grpc_server_registry=servers) as process:
        yield process
