"""The deployment's files: read by the tools they are for, and true of the code that they start."""

import importlib.util
import itertools
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from analytics_pipeline.settings import Settings

ROOT = Path(__file__).parents[2]
PASSWORDS = {
    name: f"password-of-{name.split('_')[0].lower()}"
    for name in (
        "OWNER_PASSWORD",
        "INGEST_PASSWORD",
        "PIPELINE_PASSWORD",
        "ADMIN_PASSWORD",
        "DAGSTER_PASSWORD",
    )
}
CHOSEN = {"SESSION_KEY": "k" * 32, "ERASURE_KEY": "e" * 32, "ANALYTICS_LAKE": "s3://bucket/lake"}


@pytest.fixture(scope="module")
def services(require_tool: Callable[[str], str]) -> dict[str, dict[str, Any]]:
    """The services of compose.yaml, as docker-compose understands them."""
    done = subprocess.run(
        [require_tool("docker-compose"), "-f", str(ROOT / "ops" / "compose.yaml"), "config"],
        env={**os.environ, **PASSWORDS, **CHOSEN},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, Any]] = yaml.safe_load(done.stdout)["services"]
    return found


def test_each_service_knows_the_passwords_of_its_own_role_alone(services: dict[str, dict[str, Any]]) -> None:
    known = {
        name: {role for role in PASSWORDS.values() if role in str(service.get("environment"))}
        for name, service in services.items()
    }
    assert known == {
        "postgres": {"password-of-owner"},
        "migrate": set(PASSWORDS.values()),
        "ingest": {"password-of-ingest"},
        "admin": {"password-of-admin"},
        "code": {"password-of-pipeline", "password-of-dagster"},
        "webserver": {"password-of-dagster"},
        "daemon": {"password-of-dagster"},
        "proxy": set(),
    }


def test_no_key_is_made_within_a_container_and_lost_with_it(services: dict[str, dict[str, Any]]) -> None:
    """What would be kept under HOME is given, here and in the Secrets of Kubernetes."""
    kept = {
        f"ANALYTICS_{name.upper()}"
        for name, field in Settings.model_fields.items()
        if "kept under HOME" in (field.description or "")
    }
    assert len(kept) == 2
    given = {name for service in services.values() for name in service.get("environment", {})}
    page = (ROOT / "docs" / "how-to" / "run-in-production.md").read_text()
    assert kept <= given
    assert kept <= set(re.findall(r"--from-literal=(\w+)=", page))


def test_there_is_one_daemon_and_more_than_one_ingest(services: dict[str, dict[str, Any]]) -> None:
    assert services["daemon"]["deploy"]["replicas"] == 1
    assert services["daemon"]["deploy"]["update_config"]["order"] == "stop-first"
    assert services["ingest"]["deploy"]["replicas"] == 2
    assert services["ingest"]["environment"]["ANALYTICS_INGEST_PROXIES"] == "1"


def test_what_the_containers_start_is_there(services: dict[str, dict[str, Any]]) -> None:
    ours = [service["command"] for service in services.values() if service["image"] == "learner-analytics"]
    assert len(ours) == 6
    for command in ours:
        words = " ".join(command)
        modules = re.findall(r"-m ([\w.]+)", words)
        assert all(importlib.util.find_spec(module) for module in modules)
        programs = re.findall(
            r"\b(analytics|dagster(?:-webserver|-daemon)?) (?:migrate|instance|run|-h|code)", words
        )
        assert all(Path(sys.executable).with_name(program).exists() for program in programs)
        assert modules or programs


def test_the_code_location_of_the_containers_has_the_name_that_the_run_limit_has(
    services: dict[str, dict[str, Any]],
) -> None:
    (remote,) = yaml.safe_load((ROOT / "ops" / "workspace.grpc.yaml").read_text())["load_from"]
    (local,) = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    server = remote["grpc_server"]
    assert server["location_name"] == local["python_module"]["location_name"]
    assert services[server["host"]]["command"][-1] == str(server["port"])


def test_the_image_holds_every_package_and_no_file_that_is_not_there() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    sources = [source for line in copied for source in line.split()]
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(wheel["packages"]) < set(sources)
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for source in sources:
        assert (ROOT / source).exists()
        assert source in let_in


def test_each_environment_has_the_versions_of_the_smaller_ones() -> None:
    files = ["constraints.txt", "constraints-kubernetes.txt", "constraints-dev.txt", "constraints-bench.txt"]
    pinned = [_pinned(ROOT / file) for file in files]
    for smaller, larger in itertools.pairwise(pinned):
        assert smaller <= larger


def _pinned(file: Path) -> set[str]:
    return set(re.findall(r"^[\w.-]+==[^ \\]+", file.read_text(), re.MULTILINE))


def test_the_image_can_run_each_run_in_a_pod_of_its_own() -> None:
    (file,) = re.findall(r"--require-hashes -r (\S+)", (ROOT / "Dockerfile").read_text())
    assert any(pin.startswith("dagster-k8s==") for pin in _pinned(ROOT / file))
