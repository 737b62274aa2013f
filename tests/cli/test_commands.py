import errno
import os
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from analytics_pipeline.cli.app import build_app
from analytics_pipeline.cli.errors import explain
from analytics_pipeline.supervisor.home_lock import hold_home
from tests.cli.conftest import Run
from tests.ports import free_port


def commands() -> list[list[str]]:
    app = build_app()
    names = [[command.name or ""] for command in app.registered_commands]
    for group in app.registered_groups:
        assert group.typer_instance is not None
        names += [
            [str(group.name), str(command.name)] for command in group.typer_instance.registered_commands
        ]
    return names


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_explains_itself(analytics: Run, command: list[str]) -> None:
    code, output, _ = analytics(*command, "--help")
    assert code == 0
    assert "Usage" in output


def test_a_range_that_ends_before_it_begins_is_refused(analytics: Run) -> None:
    code, _, errors = analytics("run", "--from", "2026-02-01", "--to", "2026-01-01")
    assert code == 2
    assert errors == (
        "A range cannot end (2026-01-01) before it begins (2026-02-01); swap --from and --to.\n"
    )


def test_a_run_under_a_wrong_setting_starts_nothing_and_says_so_by_its_exit_code(
    analytics: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANALYTICS_TIMEZONE", "Mars/Olympus")
    code, _, errors = analytics("run", "--from", "2026-01-01", "--to", "2026-01-01")
    assert code == 2
    assert errors.startswith("ANALYTICS_TIMEZONE ")


def test_what_is_no_day_is_refused(analytics: Run) -> None:
    code, _, errors = analytics("run", "--from", "yesterday", "--to", "2026-01-01")
    assert code == 2
    assert "'yesterday' is no day" in errors


def test_a_missing_file_is_named(analytics: Run) -> None:
    code, _, errors = analytics("import", "no-such-file.ndjson")
    assert (code, errors) == (1, "no-such-file.ndjson does not exist.\n")


def test_a_file_whose_name_does_not_tell_its_format_needs_one(analytics: Run, tmp_path: Path) -> None:
    (tmp_path / "events.txt").touch()
    code, _, errors = analytics("import", str(tmp_path / "events.txt"))
    assert code == 1
    assert "--format" in errors


def test_an_import_without_a_service_says_how_to_start_it(
    analytics: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANALYTICS_INGEST_PORT", "1")
    (tmp_path / "events.ndjson").touch()
    code, _, errors = analytics("import", str(tmp_path / "events.ndjson"))
    assert code == 1
    assert errors == "No ingest service answers at http://127.0.0.1:1; start it with `analytics up`.\n"


def test_a_database_that_is_away_is_a_sentence_and_not_a_traceback(
    analytics: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANALYTICS_DATABASE_URL", "postgresql://owner:secret@127.0.0.1:1/analytics")
    code, _, errors = analytics("migrate")
    assert code == 1
    assert errors.startswith("The database cannot be reached")
    assert "secret" not in errors


@pytest.mark.parametrize("name", ["ANALYTICS_INGEST_PORT", "ANALYTICS_ADMIN_PORT"])
def test_a_taken_port_is_named_with_its_setting(
    analytics: Run, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    # Where another service holds the usual port of ingest, that one would be named first.
    monkeypatch.setenv("ANALYTICS_INGEST_PORT", str(free_port()))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv(name, str(port))
        code, _, errors = analytics("up")
    assert code == 1
    assert f"127.0.0.1:{port}" in errors
    assert f"set {name}" in errors


def test_services_that_run_already_are_named_and_not_their_ports(
    analytics: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANALYTICS_HOME", str(tmp_path))
    with hold_home(tmp_path), socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("ANALYTICS_INGEST_PORT", str(taken.getsockname()[1]))
        code, _, errors = analytics("up")
    assert code == 1
    assert errors.startswith(f"The services of {tmp_path} run already, under process {os.getpid()};")


def test_a_demo_without_room_on_the_disk_starts_nothing_and_says_how_much_it_needs(
    analytics: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANALYTICS_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=12_000_000))
    code, output, errors = analytics("demo")
    assert (code, output) == (1, "")
    assert errors == (
        f"The demo needs 300 MB under {tmp_path / 'demo'}, and 12 MB are free: "
        "make room, or name a folder elsewhere with ANALYTICS_HOME.\n"
    )
    assert not list((tmp_path / "demo").iterdir())


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), psycopg.errors.DiskFull("no space left")]
)
def test_a_full_disk_is_a_sentence_whoever_meets_it_first(error: Exception) -> None:
    assert explain(error) == "The disk is full; make room and start again: what was committed is kept."
