"""Each service connects with its own role and password, wherever these come from."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr
from sqlalchemy import make_url

from analytics_pipeline.database.secret_files import read_secret, write_secret
from analytics_pipeline.database.urls import (
    DatabaseNotReadyError,
    Role,
    database_urls,
    ensure_url,
    sqlalchemy_url,
)
from analytics_pipeline.settings import Settings, WrongSettingError

OWNER = "postgresql://boss:top@db.example:5433/site?sslmode=require&connect_timeout=5"


def settings(home: Path, **urls: str) -> Settings:
    return Settings(home=home).model_copy(update={name: SecretStr(url) for name, url in urls.items()})


def test_a_role_url_is_the_owners_with_another_login(tmp_path: Path) -> None:
    write_secret(tmp_path, "analytics_pipeline", "a/b:c@d%e")
    url = database_urls(settings(tmp_path, database_url=OWNER)).pipeline
    assert conninfo_to_dict(url) == {
        "user": "analytics_pipeline",
        "password": "a/b:c@d%e",
        "host": "db.example",
        "port": "5433",
        "dbname": "site",
        "sslmode": "require",
        "connect_timeout": "5",
    }
    assert make_url(sqlalchemy_url(url)).password == "a/b:c@d%e"
    assert make_url(sqlalchemy_url(url)).drivername == "postgresql+psycopg"


def test_dagster_has_a_database_of_its_own(tmp_path: Path) -> None:
    write_secret(tmp_path, "analytics_dagster", "secret")
    url = database_urls(settings(tmp_path, database_url=OWNER)).dagster
    assert conninfo_to_dict(url)["dbname"] == "site_dagster"


def test_a_service_needs_no_url_but_its_own(tmp_path: Path) -> None:
    mine = "postgresql://analytics_ingest:mine@db.example/site"
    urls = database_urls(settings(tmp_path, ingest_database_url=mine))
    assert urls.ingest == mine
    with pytest.raises(
        DatabaseNotReadyError, match="run `analytics migrate`, or set ANALYTICS_ADMIN_DATABASE_URL"
    ):
        _ = urls.admin
    with pytest.raises(DatabaseNotReadyError, match="or set ANALYTICS_DATABASE_URL"):
        _ = urls.owner


@pytest.mark.parametrize("url", ["dbname=site host=db", "mysql://db/site", "postgresql://db.example"])
def test_a_url_that_cannot_be_used_is_refused_with_an_example(tmp_path: Path, url: str) -> None:
    for role in ("owner", "admin"):
        with pytest.raises(WrongSettingError, match="ANALYTICS_DATABASE_URL must look like postgresql://"):
            _ = getattr(database_urls(settings(tmp_path, database_url=url)), role)


def test_where_the_roles_url_is_set_no_server_is_started_for_it(tmp_path: Path) -> None:
    mine = "postgresql://analytics_pipeline:mine@db.example/site"
    assert ensure_url(settings(tmp_path, pipeline_database_url=mine), Role.PIPELINE) == mine
    assert list(tmp_path.iterdir()) == []


def test_secrets_are_for_this_user_alone_and_replaced_as_a_whole(tmp_path: Path) -> None:
    write_secret(tmp_path, "name", "first")
    write_secret(tmp_path, "name", "second")
    assert read_secret(tmp_path, "name") == "second"
    assert read_secret(tmp_path, "other") is None
    assert [file.name for file in (tmp_path / "secrets").iterdir()] == ["name"]
    assert (tmp_path / "secrets" / "name").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
