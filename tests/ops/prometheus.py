"""A Prometheus on loopback that looks every second, and fires without waiting."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml

from tests.ports import free_port
from tests.waiting import wait_until

OURS = Path(__file__).parents[2] / "ops" / "prometheus"
PATIENCE_SECONDS = 150


@dataclass(frozen=True)
class Prometheus:
    """One that runs."""

    url: str

    def firing(self) -> set[str]:
        """The alerts that fire."""
        alerts = httpx.get(f"{self.url}/api/v1/alerts", timeout=30).json()["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def wait_for(self, alerts: set[str]) -> None:
        """Return once these alerts fire and no other one does."""
        wait_until(lambda: self.firing() == alerts, PATIENCE_SECONDS)


@contextmanager
def prometheus(program: str, folder: Path, ports: dict[str, int]) -> Iterator[Prometheus]:
    """Our configuration and our rules, with the services at these ports; ended with the block."""
    rules = re.sub(r"for: \d+m", "for: 0s", (OURS / "alerts.yml").read_text())
    (folder / "alerts.yml").write_text(rules.replace("[15m]", "[10s]"))
    config = yaml.safe_load((OURS / "scrape.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    for job in config["scrape_configs"]:
        job["static_configs"] = [{"targets": [f"127.0.0.1:{ports[job['job_name']]}"]}]
        job["scrape_timeout"] = "1s"
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{free_port()}"
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={address}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        wait_until(lambda: process.poll() is not None or _is_ready(f"http://{address}"), PATIENCE_SECONDS)
        assert process.poll() is None, (folder / "prometheus.log").read_text()
        yield Prometheus(f"http://{address}")
    finally:
        process.kill()
        process.wait()


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready").status_code == 200
    except httpx.TransportError:
        return False
