"""A catalogue from a view in the platform's database, which nothing of ours can write to."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from analytics_pipeline.course_catalogue.entries import CatalogueError, Course, Lesson
from analytics_pipeline.course_catalogue.source import read_catalogue
from analytics_pipeline.settings import Settings
from tests.conftest import Database

PLATFORM = """
    CREATE SCHEMA platform;
    CREATE TABLE platform.course (slug text, name text);
    CREATE TABLE platform.lesson (slug text, place int, name text, mandatory bool);
    INSERT INTO platform.course VALUES ('algebra', 'Algebra I'), ('empty', NULL);
    INSERT INTO platform.lesson VALUES ('algebra', 0, 'Sets', true), ('algebra', 1, 'Groups', false);
    CREATE VIEW platform.catalogue AS
    SELECT slug AS course_id, c.name AS course_title, l.place AS lesson_idx, l.name AS lesson_title,
           l.mandatory AS required, now() AS looked_at
      FROM platform.course c LEFT JOIN platform.lesson l USING (slug);
"""
GRANT = """
    GRANT USAGE ON SCHEMA platform TO analytics_pipeline;
    GRANT SELECT ON platform.catalogue TO analytics_pipeline;
"""

WRITES = (
    b"INSERT INTO platform.course VALUES ('x', 'y')",
    b"UPDATE platform.lesson SET name = 'ours'",
    b"DELETE FROM platform.lesson",
    b"TRUNCATE platform.lesson",
    b"CREATE TABLE platform.ours (x int)",
    b"DROP VIEW platform.catalogue",
)


@pytest.fixture
def platform(database: Database) -> Iterator[psycopg.Connection]:
    """The platform's own connection to its schema, which stands in our database here."""
    with database.connect("owner") as owner:
        owner.execute(PLATFORM)
        yield owner


def settings(database: Database, **changes: Any) -> Settings:
    return database.settings.model_copy(update={"catalogue_view": "platform.catalogue"} | changes)


def test_a_view_is_read_with_a_grant_of_select(database: Database, platform: psycopg.Connection) -> None:
    platform.execute(GRANT)
    catalogue = read_catalogue(settings(database))
    assert catalogue.courses == {"algebra": Course("Algebra I", None), "empty": Course(None, None)}
    assert catalogue.lessons["algebra", 0] == Lesson("Sets", required=True)
    assert catalogue.lessons["algebra", 1] == Lesson("Groups", required=False)


def test_no_role_of_ours_can_write_to_the_platform(database: Database, platform: psycopg.Connection) -> None:
    platform.execute(GRANT)
    for role in ("ingest", "pipeline", "admin"):
        with database.connect(role) as connection:
            for statement in WRITES:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement)


@pytest.mark.parametrize("table", ["catalogue", "lesson"])
def test_a_role_that_may_write_is_refused(
    database: Database, platform: psycopg.Connection, table: str
) -> None:
    platform.execute(GRANT)
    platform.execute(f"GRANT UPDATE ON platform.{table} TO analytics_pipeline".encode())
    with pytest.raises(CatalogueError, match=f"analytics_pipeline may write to platform.{table}"):
        read_catalogue(settings(database))


@pytest.mark.parametrize(
    ("statements", "sentence"),
    [
        ([], "platform.catalogue cannot be read: permission denied for schema platform"),
        ([GRANT, "DROP VIEW platform.catalogue"], 'relation "platform.catalogue" does not exist'),
        ([GRANT, "UPDATE platform.lesson SET place = -1 WHERE name = 'Sets'"], "Expected `int` >= 0"),
        ([GRANT, "UPDATE platform.lesson SET place = 0"], "lesson 0 of algebra is there twice"),
    ],
)
def test_a_view_that_cannot_be_used_is_named_in_a_sentence(
    database: Database, platform: psycopg.Connection, statements: list[str], sentence: str
) -> None:
    for statement in statements:
        platform.execute(statement.encode())
    with pytest.raises(CatalogueError) as raised:
        read_catalogue(settings(database))
    assert sentence in str(raised.value)


def test_a_database_that_is_away_is_named_without_its_password() -> None:
    away = Settings.model_validate(
        {"catalogue_database_url": "postgresql://reader:secret@127.0.0.1:1/shop", "catalogue_view": "a.b"}
    )
    with pytest.raises(CatalogueError, match=r"^a\.b cannot be read") as raised:
        read_catalogue(away)
    assert "secret" not in str(raised.value)
