"""The key that signs the dashboard's sign-ins."""

import secrets

from analytics_pipeline.database.secret_files import read_secret, write_secret
from analytics_pipeline.settings import Settings

NAME = "admin_session_key"


def session_key(settings: Settings) -> str:
    """The key from the settings, else one that is made once and kept under HOME."""
    if settings.session_key is not None:
        return settings.session_key.get_secret_value()
    return read_secret(settings.home, NAME) or write_secret(settings.home, NAME, secrets.token_urlsafe(32))
