"""The Kubernetes files as those read them for whom they are, and what Dagster's chart makes of its values."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
VALUES_FILE = ROOT / "ops" / "kubernetes" / "dagster-values.yaml"
SERVICES_FILE = ROOT / "ops" / "kubernetes" / "services.yaml"

VALUES: dict[str, Any] = yaml.safe_load(VALUES_FILE.read_text())
SERVICES: list[dict[str, Any]] = list(yaml.safe_load_all(SERVICES_FILE.read_text()))
LAUNCHER: dict[str, Any] = VALUES["runLauncher"]["config"]["k8sRunLauncher"]
(CODE,) = VALUES["dagster-user-deployments"]["deployments"]


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    """The manifests of this kind, by name."""
    return {each["metadata"]["name"]: each for each in SERVICES if each["kind"] == kind}


def chart_instance(values: dict[str, Any], namespace: str) -> dict[str, Any]:
    """The dagster.yaml that the chart (1.13) writes into its ConfigMap from what the values set."""
    storages = {"run_storage": "Run", "event_log_storage": "EventLog", "schedule_storage": "Schedule"}
    daemon = values["dagsterDaemon"]
    return {
        **{
            key: {
                "module": f"dagster_postgres.{key.removesuffix('_storage') if name == 'EventLog' else key}",
                "class": f"Postgres{name}Storage",
                "config": {"postgres_db": _database(values["postgresql"])},
            }
            for key, name in storages.items()
        },
        "run_launcher": {
            "module": "dagster_k8s",
            "class": "K8sRunLauncher",
            "config": _launcher(values, namespace),
        },
        "run_coordinator": daemon["runCoordinator"]["config"]["customRunCoordinator"],
        "run_monitoring": {_snake(name): value for name, value in daemon["runMonitoring"].items()},
        "python_logs": {_snake(name): value for name, value in values["pythonLogs"].items()},
        "retention": {
            kind: {"purge_after_days": values["retention"][kind]["purgeAfterDays"]}
            for kind in ("schedule", "sensor")
        },
        "telemetry": values["telemetry"],
        **values["additionalInstanceConfig"],
    }


def _database(postgresql: dict[str, Any]) -> dict[str, Any]:
    return {
        "username": postgresql["postgresqlUsername"],
        "password": {"env": "DAGSTER_PG_PASSWORD"},
        "hostname": postgresql["postgresqlHost"],
        "db_name": postgresql["postgresqlDatabase"],
        "port": postgresql["service"]["port"],
        "params": postgresql["postgresqlParams"],
        "scheme": postgresql["postgresqlScheme"],
    }


def _launcher(values: dict[str, Any], namespace: str) -> dict[str, Any]:
    launcher = values["runLauncher"]["config"]["k8sRunLauncher"]
    named = {"envConfigMaps", "envSecrets"}
    return {
        "load_incluster_config": True,
        "job_namespace": namespace,
        "service_account_name": "dagster",
        "dagster_home": values["global"]["dagsterHome"],
        "instance_config_map": "dagster-instance",
        "postgres_password_secret": values["global"]["postgresqlSecretName"],
        **{_snake(key): value for key, value in launcher.items() if key not in {*named, "runK8sConfig"}},
        **{_snake(key): [each["name"] for each in launcher[key]] for key in named},
        "run_k8s_config": {_snake(key): value for key, value in launcher["runK8sConfig"].items()},
    }


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[Path, list[dict[str, Any]]]]:
    """The API of a cluster that only takes what is created in it: its kubeconfig, and what came."""
    created: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            created.append(json.loads(body))
            self.send_response(201)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_address[1]}"
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(
        yaml.safe_dump(
            {
                "current-context": "here",
                "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
                "clusters": [{"name": "here", "cluster": {"server": address}}],
                "users": [{"name": "me", "user": {}}],
            }
        )
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield kubeconfig, created
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
