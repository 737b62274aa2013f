"""The commands that need a database, on an embedded server of their own."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.ingest.keys import hash_of
from tests.cli.conftest import Run


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(home)
    yield server
    server.remove()


def test_before_the_first_migration_commands_say_what_to_run(analytics: Run, server: EmbeddedServer) -> None:
    code, output, _ = analytics("status")
    assert code == 0
    assert "`analytics up` starts it" in output
    server.start()
    code, _, errors = analytics("sql", "-c", "SELECT 1")
    assert code == 1
    assert "analytics migrate" in errors
    assert "Traceback" not in errors


def test_the_life_of_a_database_from_the_command_line(
    analytics: Run, server: EmbeddedServer, home: Path
) -> None:
    assert analytics("migrate") == (0, "The database is migrated.\n", "")
    code, url, _ = analytics("database-url")
    assert code == 0
    assert server.is_running()
    with psycopg.connect(url.strip()) as connection:
        connection.execute("INSERT INTO analytics.turn (id, epoch) VALUES (1, 0) ON CONFLICT DO NOTHING")

    for command in ("keys list", "tokens list", "runs"):
        code, header, hint = analytics(*command.split())
        assert (code, header.count("\n"), hint.count("\n")) == (0, 1, 1)
        assert hint.startswith(("There is no ", "No run "))

    _, made, _ = analytics("keys", "create", "course platform", "--origin", "https://learn.example.org")
    key = re.search(r"^key +(\S+)$", made, re.MULTILINE)
    identifier = re.search(r"^id +(\S+)$", made, re.MULTILINE)
    assert key is not None
    assert identifier is not None
    _, listed, _ = analytics("keys", "list")
    assert identifier[1] in listed
    assert key[1] not in listed
    with psycopg.connect(url.strip()) as connection:
        held = connection.execute("SELECT id FROM ingest.write_key WHERE key_hash = %s", [hash_of(key[1])])
        assert held.fetchone() == (identifier[1],)
    assert analytics("keys", "revoke", identifier[1])[0] == 0
    code, _, errors = analytics("keys", "revoke", identifier[1])
    assert code == 1
    assert "no working write key" in errors

    options = ("--role", "admin", "--courses", "botany, algebra", "--expires", "2099-12-31")
    _, made, _ = analytics("tokens", "create", "course team", *options)
    assert "adm_" in made
    _, listed, _ = analytics("tokens", "list")
    assert "course team" in listed
    assert "algebra, botany" in listed
    assert analytics("tokens", "create", "nobody", "--courses", ",")[0] == 1
    assert "is over" in analytics("tokens", "create", "late", "--expires", "2020-01-01")[2]
    assert "adm_" not in listed

    code, output, _ = analytics(
        "sql", "-c", "SELECT count(*) AS n FROM course_daily; SELECT count(*) FROM analytics.course_daily"
    )
    assert (code, output) == (0, "n\n0\ncount_star()\n0\n")
    assert analytics("sql", "-c", "SELECT count(*) AS n FROM events")[1] == "n\n0\n"
    code, _, errors = analytics("sql", "-c", "SELECT nonsense")
    assert code == 1
    assert "nonsense" in errors

    code, output, _ = analytics("reset", "--yes")
    assert code == 0
    assert not server.is_running()
    assert not (home / "secrets").exists()
    assert "nothing to delete" in analytics("reset")[1]


def test_reset_asks_first_and_deletes_nothing_on_no(
    analytics: Run, server: EmbeddedServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.start()
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    code, _, _ = analytics("reset")
    assert code == 1
    assert server.is_running()
    assert (home / "secrets").exists()


def test_a_database_that_is_not_embedded_is_not_reset_from_here(
    analytics: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANALYTICS_DATABASE_URL", "postgresql://owner@127.0.0.1:1/analytics")
    code, _, errors = analytics("reset", "--yes")
    assert code == 1
    assert "not deleted from here" in errors
