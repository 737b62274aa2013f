"""Which URL each service connects with: its own role, its own password."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import SecretStr

from analytics_pipeline.database.data_directory import EmbeddedServerError
from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.database.secret_files import read_secret
from analytics_pipeline.settings import Settings, WrongSettingError


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
    """libpq URLs (`postgresql://…`) of the owner and of each role; `dagster` is Dagster's own database.

    Each is worked out when it is asked for: the machine of one service need not know the others' passwords.
    Raises DatabaseNotReadyError where the settings lead to none before the first migration.
    """

    settings: Settings

    @property
    def owner(self) -> str:
        """For migrations alone."""
        if self.settings.database_url is not None:
            return _checked(self.settings.database_url, "ANALYTICS_DATABASE_URL")
        try:
            return EmbeddedServer(self.settings.home).owner_url
        except EmbeddedServerError as error:
            raise DatabaseNotReadyError(
                f"there is no database under {self.settings.home} yet: run `analytics migrate`, "
                "or set ANALYTICS_DATABASE_URL."
            ) from error

    @property
    def ingest(self) -> str:
        """May write into inbox and quarantine, and read nothing of them."""
        return self.of(Role.INGEST)

    @property
    def pipeline(self) -> str:
        """Empties the inbox and writes what is published."""
        return self.of(Role.PIPELINE)

    @property
    def admin(self) -> str:
        """May read what is published."""
        return self.of(Role.ADMIN)

    @property
    def dagster(self) -> str:
        """Owns Dagster's database."""
        return self.of(Role.DAGSTER)

    def of(self, role: Role) -> str:
        """The URL of that role."""
        given = given_url(self.settings, role)
        if given is not None:
            return given
        if self.settings.database_url is not None:
            # What is wrong with it comes before what it leads to.
            _ = self.owner
        password = read_secret(self.settings.home, role)
        if password is None:
            raise DatabaseNotReadyError(
                f"the role {role} has no password under {self.settings.home / 'secrets'}: "
                f"run `analytics migrate`, or set ANALYTICS_{role.name}_DATABASE_URL."
            )
        parts = urlsplit(dagster_database(self.owner) if role is Role.DAGSTER else self.owner)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{role}:{quote(password, safe='')}@{host}"))


def database_urls(settings: Settings) -> DatabaseUrls:
    """The URLs that the settings lead to; starts nothing."""
    return DatabaseUrls(settings)


def ensure_database(settings: Settings) -> str:
    """The owner's URL; starts the embedded server when no URL is set."""
    if settings.database_url is None:
        EmbeddedServer(settings.home).start()
    return database_urls(settings).owner


def ensure_url(settings: Settings, role: Role) -> str:
    """The role's URL; starts the embedded server when no URL is set, neither the role's nor the owner's."""
    given = given_url(settings, role)
    if given is not None:
        return given
    ensure_database(settings)
    return database_urls(settings).of(role)


def given_url(settings: Settings, role: Role) -> str | None:
    """The URL that is set for this role, if one is."""
    given: dict[Role, SecretStr | None] = {
        Role.INGEST: settings.ingest_database_url,
        Role.PIPELINE: settings.pipeline_database_url,
        Role.ADMIN: settings.admin_database_url,
        Role.DAGSTER: settings.dagster_database_url,
    }
    url = given[role]
    return None if url is None else _checked(url, f"ANALYTICS_{role.name}_DATABASE_URL")


def sqlalchemy_url(url: str) -> str:
    """The same URL for SQLAlchemy with psycopg 3."""
    return "postgresql+psycopg://" + url.split("://", 1)[1]


def dagster_database(owner_url: str) -> str:
    """URL of the database beside ours that Dagster owns."""
    parts = urlsplit(owner_url)
    return urlunsplit(parts._replace(path=f"{parts.path}_dagster"))


def _checked(secret: SecretStr, setting: str) -> str:
    url = secret.get_secret_value()
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.removeprefix("/"):
        raise WrongSettingError(f"{setting} must look like postgresql://role:password@host:5432/database.")
    return url
