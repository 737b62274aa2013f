"""Where the services of these settings are reached from this machine."""

from analytics_pipeline.settings import Settings

ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # what is bound, not what we bind


def ingest_url(settings: Settings) -> str:
    """Base URL of the ingest service."""
    return _url(settings, settings.ingest_port)


def admin_url(settings: Settings) -> str:
    """Base URL of the dashboard and the admin API."""
    return _url(settings, settings.admin_port)


def dagster_url(settings: Settings) -> str:
    """Base URL of the Dagster UI."""
    return _url(settings, settings.dagster_port)


def _url(settings: Settings, port: int) -> str:
    host = ANY_ADDRESS.get(settings.bind, settings.bind)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
