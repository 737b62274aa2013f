"""The service as a process: it says in one sentence why it cannot start, and ends when it is told to."""

import signal
import socket
import subprocess
from pathlib import Path

import httpx
import psycopg
import pytest

from analytics_pipeline.settings import Settings
from tests.admin.served import COMMAND, environment, running, wait_for
from tests.conftest import Database
from tests.ports import free_port


def refusal(variables: dict[str, str], folder: Path) -> str:
    ended = subprocess.run(
        COMMAND, env=variables, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_it_serves_until_it_is_told_to_end(database: Database, tmp_path: Path) -> None:
    port = free_port()
    with running(environment(database.settings, ADMIN_PORT=port), tmp_path) as process:
        wait_for(f"http://127.0.0.1:{port}/readyz", 200)
        assert httpx.get(f"http://127.0.0.1:{port}/api/admin/analytics/courses").status_code == 401
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/healthz")


def test_it_starts_and_answers_503_while_the_database_is_away(database: Database, tmp_path: Path) -> None:
    port, nobody = free_port(), free_port()
    away = f"postgresql://analytics_admin:secret@127.0.0.1:{nobody}/analytics"
    with running(environment(database.settings, ADMIN_PORT=port, ADMIN_DATABASE_URL=away), tmp_path):
        answer = wait_for(f"http://127.0.0.1:{port}/readyz", 503)
        assert answer.headers["retry-after"]
        assert "The database is away" in answer.text


def test_a_port_that_is_taken_is_told_in_one_sentence(database: Database, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refusal(environment(database.settings, ADMIN_PORT=port), tmp_path)
    assert f"cannot listen on 127.0.0.1:{port}" in said
    assert "ANALYTICS_ADMIN_PORT" in said


def test_a_database_that_was_never_migrated_is_told_in_one_sentence(
    database: Database, tmp_path: Path
) -> None:
    assert "analytics migrate" in refusal(environment(Settings(home=tmp_path / "new")), tmp_path)
    with database.connect("owner") as connection:
        connection.execute("DROP TABLE analytics.site CASCADE")
    assert "analytics migrate" in refusal(environment(database.settings), tmp_path)


def test_a_wrong_setting_is_told_in_one_sentence(database: Database, tmp_path: Path) -> None:
    assert "ANALYTICS_MIN_CELL" in refusal(environment(database.settings, MIN_CELL="many"), tmp_path)
    assert "Europe/Paris" in refusal(environment(database.settings, TIMEZONE="Europe/Paris"), tmp_path)
    with psycopg.connect(database.urls.admin) as connection:
        assert connection.execute("SELECT timezone FROM analytics.site").fetchone() == ("UTC",)
