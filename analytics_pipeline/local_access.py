"""A write key and an admin token for use on this machine, made once per HOME and kept under HOME/secrets."""

import psycopg
import sqlalchemy

from analytics_pipeline.admin.auth.tokens import check_token, create_token
from analytics_pipeline.database.secret_files import read_secret, write_secret
from analytics_pipeline.database.urls import database_urls, sqlalchemy_url
from analytics_pipeline.ingest.keys import create_key, hash_of
from analytics_pipeline.settings import Settings

WRITE_KEY = "write-key"
ADMIN_TOKEN = "admin-token"  # noqa: S105  # the name of the file that holds it


def local_write_key(settings: Settings) -> str:
    """The key that this machine's own imports send with; a new one when there is none that works."""
    if settings.write_key is not None:
        return settings.write_key.get_secret_value()
    kept = read_secret(settings.home, WRITE_KEY)
    with psycopg.connect(database_urls(settings).pipeline) as connection:
        if kept is not None and _key_works(connection, kept):
            return kept
        _, key = create_key(connection, "this machine (import, simulate, demo)")
    return write_secret(settings.home, WRITE_KEY, key)


def local_admin_token(settings: Settings) -> str:
    """A token for the dashboard and the API; a new one when there is none that holds."""
    kept = read_secret(settings.home, ADMIN_TOKEN)
    engine = sqlalchemy.create_engine(sqlalchemy_url(database_urls(settings).pipeline))
    try:
        with engine.begin() as connection:
            if kept is not None and check_token(connection, kept):
                return kept
            _, token = create_token(connection, "this machine (demo)")
    finally:
        engine.dispose()
    return write_secret(settings.home, ADMIN_TOKEN, token)


def _key_works(connection: psycopg.Connection, key: str) -> bool:
    query = "SELECT 1 FROM ingest.write_key WHERE key_hash = %s AND revoked_at IS NULL"
    return connection.execute(query, [hash_of(key)]).fetchone() is not None
