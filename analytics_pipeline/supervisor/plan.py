"""Which services make up the system, and how each is started."""

import sys
from collections.abc import Callable
from functools import partial
from io import TextIOWrapper
from pathlib import Path

import structlog

import analytics_pipeline
from analytics_pipeline.addresses import admin_url, dagster_url, ingest_url
from analytics_pipeline.dagster_home import dagster_environment
from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.database.migrate import migrate
from analytics_pipeline.serving import CannotServeError, free_address
from analytics_pipeline.settings import Settings
from analytics_pipeline.supervisor.home_lock import refuse_taken
from analytics_pipeline.supervisor.probes import answers, dagster_is_healthy
from analytics_pipeline.supervisor.processes import log_path, open_log
from analytics_pipeline.supervisor.service import Plan, Service, Step
from analytics_pipeline.supervisor.supervisor import Supervisor, SupervisorError

# Dagster's processes wait for code servers that wait for them; what a run has committed is safe anyway.
DAGSTER_GRACE_SECONDS = 2.0
WORKSPACE = Path(analytics_pipeline.__file__).parents[1] / "workspace.yaml"


def run_services(
    settings: Settings, *, say: Callable[[str], None], task: Step | None = None, stay: bool = True
) -> int:
    """Run every service of these settings, and `task` when they are ready, until stopped; the exit code."""
    # Its own services would else be what holds the ports.
    refuse_taken(settings.home)
    for name, port in _ports(settings).items():
        try:
            free_address(settings.bind, port, f"ANALYTICS_{name.upper()}_PORT")
        except CannotServeError as error:
            raise SupervisorError(f"The service {name} cannot start: {error}") from error
    with TextIOWrapper(open_log(log_path(settings.home, "supervisor"))) as output:
        log = structlog.wrap_logger(
            structlog.WriteLogger(output),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(),
            ],
        )
        supervisor = Supervisor(
            settings.home,
            environment=settings.as_environment(),
            log=log,
            say=say,
            server=EmbeddedServer(settings.home) if settings.database_url is None else None,
        )
        return supervisor.run(partial(_plan, settings, say, task, stay))


def _plan(settings: Settings, say: Callable[[str], None], task: Step | None, stay: bool) -> Plan:
    migrate(settings)
    say("The database is migrated.")
    dagster = dagster_environment(settings)
    migrate_dagster = Step("dagster-migrate", [_script("dagster"), "instance", "migrate"], dagster)
    return Plan(services=_services(settings, dagster), steps=[migrate_dagster], task=task, stay=stay)


def _services(settings: Settings, dagster: dict[str, str]) -> list[Service]:
    """In the order in which they stop: what starts runs first, what takes events in last."""
    ui = dagster_url(settings)
    workspace = ["-w", str(WORKSPACE)]
    return [
        Service(
            "dagster-daemon",
            [_script("dagster-daemon"), "run", *workspace],
            is_ready=partial(dagster_is_healthy, ui),
            environment=dagster,
            grace_seconds=DAGSTER_GRACE_SECONDS,
        ),
        Service(
            "dagster-webserver",
            [_script("dagster-webserver"), "-h", settings.bind, "-p", str(settings.dagster_port), *workspace],
            is_ready=partial(answers, f"{ui}/server_info"),
            environment=dagster,
            address=ui,
            grace_seconds=DAGSTER_GRACE_SECONDS,
        ),
        _server("admin", admin_url(settings)),
        _server("ingest", ingest_url(settings)),
    ]


def _server(name: str, url: str) -> Service:
    command = [sys.executable, "-m", f"analytics_pipeline.{name}.serve"]
    return Service(name, command, is_ready=partial(answers, f"{url}/readyz"), address=url)


def _script(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _ports(settings: Settings) -> dict[str, int]:
    return {
        "ingest": settings.ingest_port,
        "admin": settings.admin_port,
        "dagster": settings.dagster_port,
    }
