"""Dagster in a cluster: its instance is the one of dagster.yaml, and a run in a pod has what it needs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dagster as dg
import kubernetes_validate
import pytest
import yaml
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.launcher import LaunchRunContext
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin

from analytics_pipeline.days import DayRange
from analytics_pipeline.definitions import build_definitions
from sensors.jobs import NIGHTLY, range_tags
from tests.conftest import Database
from tests.dagster_site import FIRST, Site, site_of
from tests.ops.cluster import CODE, ROOT, VALUES, chart_instance, cluster, of_kind

IMAGE = f"{CODE['image']['repository']}:{CODE['image']['tag']}"
ORIGIN = RepositoryPythonOrigin(
    executable_path=sys.executable,
    code_pointer=ModuleCodePointer("analytics_pipeline.definitions", "defs", str(ROOT)),
    container_image=IMAGE,
)
DAYS = DayRange(FIRST, FIRST)


@dataclass(frozen=True)
class InCluster:
    """A site whose Dagster runs in a cluster, as the chart sets it up."""

    site: Site
    instance: dg.DagsterInstance
    home: Path
    created: list[dict[str, Any]]
    """What was created in the cluster."""

    def launch(self) -> dg.DagsterRun:
        """Launch the nightly job as the daemon does."""
        run = self.instance.create_run_for_job(
            job_def=build_definitions(self.site.settings).resolve_job_def(NIGHTLY),
            tags=range_tags(DAYS),
            job_code_origin=JobPythonOrigin(NIGHTLY, ORIGIN),
        )
        self.instance.run_launcher.launch_run(LaunchRunContext(run, workspace=None))
        return run


@pytest.fixture
def in_cluster(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InCluster]:
    site, url = site_of(database), urlsplit(database.urls.dagster)
    monkeypatch.setenv("DAGSTER_PG_PASSWORD", unquote(url.password or ""))
    with cluster(tmp_path) as (kubeconfig, created):
        config = chart_instance(VALUES, namespace="analytics")
        for name in ("run_storage", "event_log_storage", "schedule_storage"):
            config[name]["config"]["postgres_db"] |= {
                "hostname": url.hostname,
                "port": url.port,
                "db_name": url.path[1:],
            }
        config["run_launcher"]["config"] |= {
            "load_incluster_config": False,
            "kubeconfig_file": str(kubeconfig),
        }
        home = tmp_path / "dagster"
        home.mkdir()
        (home / "dagster.yaml").write_text(yaml.safe_dump(config))
        with dg.DagsterInstance.from_config(str(home)) as instance:
            yield InCluster(site, instance, home, created)


def test_the_instance_of_the_cluster_is_told_what_dagster_yaml_tells_it(in_cluster: InCluster) -> None:
    theirs = in_cluster.instance
    with in_cluster.site.instance() as ours:
        for kept in (InstigatorType.SCHEDULE, InstigatorType.SENSOR):
            assert theirs.get_tick_retention_settings(kept) == ours.get_tick_retention_settings(kept)
        assert theirs.get_concurrency_config() == ours.get_concurrency_config()
        assert type(theirs.run_coordinator) is type(ours.run_coordinator)
        for setting in ("python_logs", "telemetry", "nux", "schedules", "sensors"):
            assert theirs.get_settings(setting) == ours.get_settings(setting)
        assert theirs.run_retries_enabled == ours.run_retries_enabled
    # The chart writes these where they are on, as they are by default.
    daemon = VALUES["dagsterDaemon"]
    assert not daemon["runRetries"]["enabled"]
    assert not daemon["sensors"]["useThreads"]
    assert not daemon["schedules"]["useThreads"]


def test_runs_are_watched_as_on_one_host_and_given_longer_to_start(in_cluster: InCluster) -> None:
    with in_cluster.site.instance() as ours:
        here = ours.get_settings("run_monitoring")
    there = in_cluster.instance.get_settings("run_monitoring")
    assert there["start_timeout_seconds"] > here["start_timeout_seconds"]
    same = here.keys() - {"start_timeout_seconds"}
    assert {key: there[key] for key in same} == {key: here[key] for key in same}
    assert in_cluster.instance.run_monitoring_max_resume_run_attempts == 0


def test_records_are_kept_through_psycopg2_and_without_waiting_for_the_disk(in_cluster: InCluster) -> None:
    for storage in ("run_storage", "event_log_storage", "schedule_storage"):
        kept = getattr(in_cluster.instance, storage)
        assert kept._engine.driver == "psycopg2"
        with kept._engine.connect() as connection:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "off"


@pytest.mark.parametrize("version", ["1.30", kubernetes_validate.latest_version()])
def test_a_run_is_a_job_of_its_own_that_kubernetes_takes(in_cluster: InCluster, version: str) -> None:
    run = in_cluster.launch()
    (job,) = in_cluster.created
    kubernetes_validate.validate(job, version, strict=True)
    assert run.run_id in job["metadata"]["name"]
    assert (job["spec"]["backoffLimit"], job["spec"]["template"]["spec"]["restartPolicy"]) == (0, "Never")


def test_the_pod_of_a_run_may_do_little_and_has_room_to_sort(in_cluster: InCluster) -> None:
    in_cluster.launch()
    (job,) = in_cluster.created
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == IMAGE
    assert (pod["securityContext"]["runAsNonRoot"], pod["enableServiceLinks"]) == (True, False)
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["resources"] == VALUES["runLauncher"]["config"]["k8sRunLauncher"]["resources"]
    (scratch,) = [each for each in container["volumeMounts"] if each["mountPath"] == "/data/scratch"]
    assert any(volume["name"] == scratch["name"] and "emptyDir" in volume for volume in pod["volumes"])


def test_a_run_seals_its_day_with_nothing_but_what_its_pod_is_given(
    in_cluster: InCluster, tmp_path: Path
) -> None:
    """The container's command with the container's environment, on this host in the place of a node."""
    in_cluster.site.deliver([FIRST])
    run = in_cluster.launch()
    (job,) = in_cluster.created
    (container,) = job["spec"]["template"]["spec"]["containers"]
    ended = subprocess.run(
        container["args"],
        env=_environment(container, in_cluster, tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found = in_cluster.instance.get_run_by_id(run.run_id)
    assert found is not None
    assert found.is_success, ended.stdout
    assert in_cluster.site.count("analytics.event_day", FIRST) > 0


def _environment(container: dict[str, Any], given: InCluster, data: Path) -> dict[str, str]:
    """What Kubernetes makes of the container's `env` and `envFrom`, and what the image sets."""
    settings = given.site.settings
    secrets = {
        "analytics-dagster": {"postgresql-password": os.environ["DAGSTER_PG_PASSWORD"]},
        "analytics-pipeline": {
            "ANALYTICS_PIPELINE_DATABASE_URL": given.site.database.urls.pipeline,
            "ANALYTICS_DAGSTER_DATABASE_URL": given.site.database.urls.dagster,
            "ANALYTICS_ERASURE_KEY": "k" * 64,
        },
        "analytics-bucket": {},
    }
    # No bucket stands on this host, and the site of the test has its own first day.
    site = {"ANALYTICS_LAKE": settings.lake_root, "ANALYTICS_FIRST_DAY": str(settings.first_day)}
    maps = {"analytics-site": of_kind("ConfigMap")["analytics-site"]["data"] | site}
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "ANALYTICS_HOME": str(data / "data"),
    }
    for source in container["envFrom"]:
        if "secretRef" in source:
            environment |= secrets[source["secretRef"]["name"]]
        else:
            environment |= maps[source["configMapRef"]["name"]]
    for each in container["env"]:
        if "valueFrom" in each:
            secret = each["valueFrom"]["secretKeyRef"]
            environment[each["name"]] = secrets[secret["name"]][secret["key"]]
        else:
            environment[each["name"]] = each["value"]
    return environment | {"DAGSTER_HOME": str(given.home)}
