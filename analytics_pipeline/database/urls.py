"""Which URL each service connects with: its own role, its own password."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import SecretStr

from analytics_pipeline.database.embedded import EmbeddedServer, EmbeddedServerError
from analytics_pipeline.database.secret_files import read_secret
from analytics_pipeline.settings import Settings


class DatabaseNotReadyError(Exception):
    """There is no database to connect to yet; the message says what to do."""


class Role(StrEnum):
    """The roles that services log in as; the owner runs migrations and nothing else."""

    INGEST = "analytics_ingest"
    PIPELINE = "analytics_pipeline"
    ADMIN = "analytics_admin"
    DAGSTER = "analytics_dagster"


@dataclass(frozen=True)
class DatabaseUrls:
    """libpq URLs (`postgresql://…`) of the owner and of each role; `dagster` is Dagster's own database."""

    owner: str
    ingest: str
    pipeline: str
    admin: str
    dagster: str


def ensure_database(settings: Settings) -> str:
    """The owner's URL; starts the embedded server when no URL is set."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    server = EmbeddedServer(settings.home)
    server.start()
    return server.owner_url


def database_urls(settings: Settings) -> DatabaseUrls:
    """The URLs that the settings lead to; starts nothing.

    Raises DatabaseNotReadyError before the first migration.
    """
    owner = _owner_url(settings)
    return DatabaseUrls(
        owner=owner,
        ingest=_role_url(settings, settings.ingest_database_url, Role.INGEST, owner),
        pipeline=_role_url(settings, settings.pipeline_database_url, Role.PIPELINE, owner),
        admin=_role_url(settings, settings.admin_database_url, Role.ADMIN, owner),
        dagster=_role_url(settings, settings.dagster_database_url, Role.DAGSTER, dagster_database(owner)),
    )


def sqlalchemy_url(url: str) -> str:
    """The same URL for SQLAlchemy with psycopg 3."""
    return "postgresql+psycopg://" + url.split("://", 1)[1]


def dagster_database(owner_url: str) -> str:
    """URL of the database beside ours that Dagster owns."""
    parts = urlsplit(owner_url)
    return urlunsplit(parts._replace(path=f"{parts.path}_dagster"))


def _owner_url(settings: Settings) -> str:
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    try:
        return EmbeddedServer(settings.home).owner_url
    except EmbeddedServerError as error:
        raise DatabaseNotReadyError(
            f"there is no database under {settings.home} yet: run `analytics migrate`, "
            "or set ANALYTICS_DATABASE_URL."
        ) from error


def _role_url(settings: Settings, given: SecretStr | None, role: Role, base: str) -> str:
    if given is not None:
        return given.get_secret_value()
    password = read_secret(settings.home, role)
    if password is None:
        raise DatabaseNotReadyError(
            f"the role {role} has no password under {settings.home / 'secrets'}: run `analytics migrate`, "
            f"or set ANALYTICS_{role.name}_DATABASE_URL."
        )
    parts = urlsplit(base)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{quote(password, safe='')}@{host}"))
