"""Is it there, and does it work: cheap questions to the services of this machine."""

from typing import Any

import httpx

TIMEOUT_SECONDS = 2.0

DAGSTER_HEALTH = """
{ workspaceOrError { ... on Workspace { locationEntries {
    loadStatus locationOrLoadError { __typename } } } }
  instance { daemonHealth { allDaemonStatuses { required healthy } } } }
"""


def answers(url: str) -> bool:
    """Whether a GET of `url` is answered well."""
    try:
        return httpx.get(url, timeout=TIMEOUT_SECONDS).is_success
    except httpx.HTTPError:
        return False


def dagster_is_healthy(url: str) -> bool:
    """Whether the Dagster behind `url` has loaded our code and every daemon that it needs is healthy."""
    try:
        answer = httpx.post(f"{url}/graphql", json={"query": DAGSTER_HEALTH}, timeout=TIMEOUT_SECONDS)
        return answer.is_success and health_is_good(answer.json()["data"])
    except (httpx.HTTPError, ValueError):
        return False


def health_is_good(health: dict[str, Any]) -> bool:
    """What the answer to DAGSTER_HEALTH says."""
    locations = health["workspaceOrError"].get("locationEntries", [])
    daemons = health["instance"]["daemonHealth"]["allDaemonStatuses"]
    loaded = (entry["locationOrLoadError"] or {} for entry in locations)
    return (
        bool(locations)
        and all(location.get("__typename") == "RepositoryLocation" for location in loaded)
        and all(daemon["healthy"] for daemon in daemons if daemon["required"])
    )
