"""The Kubernetes files: valid, in agreement with each other, and true of the code that they start."""

import re
import tomllib
from typing import Any

import kubernetes_validate
import pytest
import yaml

from analytics_pipeline.admin.serve import STOP_SECONDS as ADMIN_STOP_SECONDS
from analytics_pipeline.ingest.serve import STOP_SECONDS as INGEST_STOP_SECONDS
from analytics_pipeline.settings import Settings
from tests.ops.cluster import CODE, LAUNCHER, ROOT, SERVICES, SERVICES_FILE, VALUES, VALUES_FILE, of_kind

DEPLOYMENTS = of_kind("Deployment")
PODS: dict[str, dict[str, Any]] = {
    name: manifest["spec"]["template"]["spec"] for name, manifest in {**DEPLOYMENTS, **of_kind("Job")}.items()
}
CONTAINERS: dict[str, dict[str, Any]] = {name: pod["containers"][0] for name, pod in PODS.items()}
CHART_PODS: dict[str, dict[str, Any]] = {
    "code": CODE,
    "webserver": VALUES["dagsterWebserver"],
    "daemon": VALUES["dagsterDaemon"],
    "run": LAUNCHER | {"podSecurityContext": LAUNCHER["runK8sConfig"]["podSpecConfig"]["securityContext"]},
}
SETTINGS = {f"ANALYTICS_{name.upper()}" for name in Settings.model_fields}
PAGE = ROOT / "docs" / "how-to" / "run-in-production.md"


@pytest.mark.parametrize("version", ["1.30", kubernetes_validate.latest_version()])
@pytest.mark.parametrize("manifest", SERVICES, ids=lambda each: f"{each['kind']}-{each['metadata']['name']}")
def test_kubernetes_takes_each_manifest(manifest: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


def test_each_variable_that_is_named_is_a_setting_or_what_dagster_yaml_reads() -> None:
    instance = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    storage = instance["storage"]["postgres"]["postgres_url"]["env"]
    for file in (VALUES_FILE, SERVICES_FILE, PAGE):
        named = set(re.findall(r"\bANALYTICS_[A-Z_]*[A-Z]", file.read_text()))
        assert named <= {*SETTINGS, storage}, file


def test_no_service_gives_pods_a_variable_that_is_taken_for_a_setting() -> None:
    """Kubernetes sets NAME_PORT and more for each Service of the namespace, in pods of the chart too."""
    for service in [*of_kind("Service"), CODE["name"]]:
        prefix = service.upper().replace("-", "_") + "_"
        assert not [setting for setting in SETTINGS if setting.startswith(prefix)]
        assert not prefix.startswith("ANALYTICS_")


def test_each_pod_knows_the_secrets_of_its_own_role_alone() -> None:
    known = {
        name: {each["valueFrom"]["secretKeyRef"]["name"] for each in container["env"] if "valueFrom" in each}
        for name, container in CONTAINERS.items()
    }
    known |= {name: {each["name"] for each in pod.get("envSecrets", [])} for name, pod in CHART_PODS.items()}
    assert known == {
        "migrate": {"analytics-owner", "analytics-ingest", "analytics-pipeline", "analytics-admin"},
        "ingest": {"analytics-ingest"},
        "admin": {"analytics-admin"},
        "code": {"analytics-pipeline", "analytics-bucket"},
        "run": {"analytics-pipeline", "analytics-bucket"},
        "webserver": set(),
        "daemon": set(),
    }


def test_no_secret_has_its_content_here_and_each_one_is_named_in_the_manual() -> None:
    assert not of_kind("Secret")
    text = SERVICES_FILE.read_text() + VALUES_FILE.read_text()
    named = set(re.findall(r"(?:secretKeyRef: \{name|postgresqlSecretName): ([\w-]+)", text))
    named |= {each["name"] for pod in CHART_PODS.values() for each in pod.get("envSecrets", [])}
    commands = PAGE.read_text().replace("\\\n", "")
    made = re.findall(r"kubectl create secret generic ([\w-]+)(.+)", commands)
    keys = {name: set(re.findall(r"--from-literal=([\w-]+)=", options)) for name, options in made}
    assert set(keys) == named
    for container in CONTAINERS.values():
        for each in container["env"]:
            if secret := each.get("valueFrom", {}).get("secretKeyRef"):
                assert secret["key"] == each["name"]
                assert secret["key"] in keys[secret["name"]]


def test_all_run_the_same_version_of_the_image() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    images = {container["image"] for container in CONTAINERS.values()}
    in_chart = [pod["image"] for pod in CHART_PODS.values() if "image" in pod]
    images |= {f"{image['repository']}:{image['tag']}" for image in in_chart}
    assert images == {f"registry.example.org/learner-analytics:{version}"}


def test_nothing_runs_as_root_or_may_become_it() -> None:
    (user,) = re.findall(r"^USER (\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    pods = [pod["securityContext"] for pod in PODS.values()]
    pods += [pod["podSecurityContext"] for pod in CHART_PODS.values()]
    assert all(pod["runAsNonRoot"] and pod["runAsUser"] == int(user) for pod in pods)
    containers = [container["securityContext"] for container in CONTAINERS.values()]
    assert all(container["readOnlyRootFilesystem"] for container in containers)
    containers += [pod["securityContext"] for pod in CHART_PODS.values()]
    for container in containers:
        assert not container["allowPrivilegeEscalation"]
        assert container["capabilities"] == {"drop": ["ALL"]}


def test_every_selector_finds_the_pods_that_it_is_for() -> None:
    labels = {name: each["spec"]["template"]["metadata"]["labels"] for name, each in DEPLOYMENTS.items()}
    for name, deployment in DEPLOYMENTS.items():
        assert deployment["spec"]["selector"]["matchLabels"].items() <= labels[name].items()
    for name, service in of_kind("Service").items():
        assert service["spec"]["selector"].items() <= labels[name].items()
    for name, budget in of_kind("PodDisruptionBudget").items():
        assert budget["spec"]["selector"]["matchLabels"].items() <= labels[name].items()


def test_there_are_two_of_ingest_or_more_as_its_processors_are_busy() -> None:
    scaler = of_kind("HorizontalPodAutoscaler")["ingest"]["spec"]
    assert scaler["minReplicas"] >= 2
    # Else each time that the file is applied would bring it back to that number.
    assert "replicas" not in DEPLOYMENTS[scaler["scaleTargetRef"]["name"]]["spec"]
    # A share of what is requested: without a request the autoscaler does nothing.
    assert CONTAINERS["ingest"]["resources"]["requests"]["cpu"]


def test_the_services_listen_and_stop_as_they_are_expected_to() -> None:
    ports = {"ingest": Settings().ingest_port, "admin": Settings().admin_port}
    patience = {"ingest": INGEST_STOP_SECONDS, "admin": ADMIN_STOP_SECONDS}
    for name, port in ports.items():
        assert CONTAINERS[name]["ports"] == [{"name": "http", "containerPort": port}]
        assert CONTAINERS[name]["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
        assert CONTAINERS[name]["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
        hook = CONTAINERS[name].get("lifecycle", {"preStop": {"exec": {"command": ["sleep", "0"]}}})
        pause = int(hook["preStop"]["exec"]["command"][1])
        # Kubernetes waits half a minute where nothing else is said.
        assert PODS[name].get("terminationGracePeriodSeconds", 30) > pause + patience[name]


def test_the_code_location_has_the_name_that_the_limit_of_runs_counts() -> None:
    (server,) = VALUES["dagsterWebserver"]["workspace"]["servers"]
    (local,) = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    (limit,) = VALUES["additionalInstanceConfig"]["concurrency"]["runs"]["tag_concurrency_limits"]
    assert server["name"] == local["python_module"]["location_name"] == limit["value"]
    assert (server["host"], server["port"]) == (CODE["name"], CODE["port"])
    assert CODE["codeServerArgs"] == ["-m", local["python_module"]["module_name"]]


def test_the_probe_of_the_webserver_asks_where_it_listens() -> None:
    webserver = VALUES["dagsterWebserver"]
    assert webserver["readinessProbe"]["httpGet"]["port"] == webserver["service"]["port"] >= 1024


def test_a_run_is_given_what_the_code_location_is_given() -> None:
    """Once: what both gave would stand twice in the pod, and two volumes of one name are refused."""
    assert CODE["includeConfigInLaunchedRuns"] == {"enabled": False}
    for given in ("envConfigMaps", "envSecrets", "volumeMounts"):
        assert CODE[given] == LAUNCHER[given]
