"""One run writes at a time, whatever happens to the others."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue

import pytest

from analytics_pipeline.database.turn import Turn, TurnLostError, TurnTakenError, hold_turn
from tests.conftest import Database

HOLDER = """
import sys
import psycopg
from analytics_pipeline.database.turn import hold_turn

with (
    hold_turn(sys.argv[1], "other", has_ended=lambda run: False, on_wait=print) as turn,
    psycopg.connect(sys.argv[1], autocommit=True) as connection,
    connection.transaction(),
):
    turn.check(connection)
    print("checked", flush=True)
    sys.stdin.readline()
"""


def lives(_run_id: str) -> bool:
    return False


def ended(_run_id: str) -> bool:
    return True


def nobody(run_id: str) -> None:
    raise AssertionError(f"waited for {run_id}")


@contextmanager
def other_process(url: str) -> Iterator["subprocess.Popen[str]"]:
    """A run of another process, in the middle of a commit that has checked its turn."""
    command = [sys.executable, "-c", HOLDER, url]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "checked\n"
            yield process
        finally:
            process.kill()


def holder_pid(database: Database) -> int:
    with database.connect("owner") as connection:
        row = connection.execute("SELECT backend_pid FROM analytics.turn").fetchone()
    assert row is not None
    return int(row[0])


def terminate(database: Database, pid: int) -> None:
    """End a session, as a broken connection would, and wait until it is gone."""
    with database.connect("pipeline") as connection:
        assert connection.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchone() == (True,)


def check(database: Database, turn: Turn) -> None:
    with database.connect("pipeline") as connection, connection.transaction():
        turn.check(connection)


def test_the_epoch_rises_with_every_holder_and_the_row_names_the_last(database: Database) -> None:
    url = database.urls.pipeline
    with hold_turn(url, "first", has_ended=lives, on_wait=nobody) as first:
        check(database, first)
    with hold_turn(url, "second", has_ended=lives, on_wait=nobody) as second:
        assert second.epoch == first.epoch + 1
        with database.connect("pipeline") as connection:
            row = connection.execute("SELECT run_id, epoch, backend_pid > 0 FROM analytics.turn").fetchone()
        assert row == ("second", second.epoch, True)
        with pytest.raises(TurnLostError, match="The run first has lost its turn to second"):
            check(database, first)
    with database.connect("pipeline") as connection:
        assert connection.execute("SELECT backend_pid FROM analytics.turn").fetchone() == (None,)


def test_a_turn_that_is_taken_is_refused_with_the_holders_name(database: Database) -> None:
    url = database.urls.pipeline
    with (
        hold_turn(url, "first", has_ended=lives, on_wait=nobody),
        pytest.raises(TurnTakenError, match="The run first is writing") as refused,
        hold_turn(url, "second", has_ended=lives, on_wait=nobody, wait=False),
    ):
        pass
    assert refused.value.holder_run_id == "first"


def test_the_next_run_is_told_for_whom_it_waits_and_starts_when_that_one_is_done(database: Database) -> None:
    told: Queue[str] = Queue()
    happened: list[str] = []

    def second() -> None:
        with hold_turn(database.urls.pipeline, "second", has_ended=lives, on_wait=told.put):
            happened.append("second began")

    thread = threading.Thread(target=second)
    with hold_turn(database.urls.pipeline, "first", has_ended=lives, on_wait=nobody):
        thread.start()
        assert told.get(timeout=10) == "first"
        time.sleep(1.2)
        happened.append("first ends")
    thread.join(timeout=10)
    assert happened == ["first ends", "second began"]
    assert told.empty()


def test_many_runs_at_once_never_hold_the_turn_together(database: Database) -> None:
    holders: list[str] = []
    overlaps: list[list[str]] = []

    def run(run_id: str) -> None:
        with hold_turn(database.urls.pipeline, run_id, has_ended=lives, on_wait=lambda _: None):
            holders.append(run_id)
            time.sleep(0.02)
            overlaps.append(list(holders))
            holders.remove(run_id)

    threads = [threading.Thread(target=run, args=[f"run {number}"]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(overlaps) == 6
    assert all(len(together) == 1 for together in overlaps)


def test_the_turn_of_a_killed_process_is_free_at_once(database: Database) -> None:
    with other_process(database.urls.pipeline) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        started = time.monotonic()
        with hold_turn(database.urls.pipeline, "next", has_ended=lives, on_wait=lambda _: None) as turn:
            check(database, turn)
        assert time.monotonic() - started < 5


def test_a_run_whose_lock_broke_cannot_commit_after_the_next_one_began(database: Database) -> None:
    url = database.urls.pipeline
    with hold_turn(url, "old", has_ended=lives, on_wait=nobody) as old:
        terminate(database, holder_pid(database))
        check(database, old)  # as long as nobody else has taken the turn, no harm is done
        with (
            hold_turn(url, "new", has_ended=lives, on_wait=nobody) as new,
            database.connect("pipeline") as connection,
        ):
            with pytest.raises(TurnLostError), connection.transaction():
                old.check(connection)
            with connection.transaction():
                new.check(connection)


def test_the_next_run_begins_after_a_commit_that_was_in_flight_when_the_lock_broke(
    database: Database,
) -> None:
    url = database.urls.pipeline
    waited: Queue[str] = Queue()
    began = threading.Event()

    def next_run() -> None:
        with hold_turn(url, "new", has_ended=lives, on_wait=waited.put):
            began.set()

    thread = threading.Thread(target=next_run)
    with hold_turn(url, "old", has_ended=lives, on_wait=nobody) as old:
        with database.connect("pipeline") as connection, connection.transaction():
            old.check(connection)
            terminate(database, holder_pid(database))
            thread.start()
            assert waited.get(timeout=10) == "old"
            assert not began.is_set()
            connection.execute("INSERT INTO analytics.lake_day VALUES ('2024-01-01', 1, '{}', 0, 0, 0, '{}')")
        thread.join(timeout=10)
    assert began.is_set()
    with database.connect("pipeline") as connection:
        assert connection.execute("SELECT count(*) FROM analytics.lake_day").fetchone() == (1,)


def test_what_a_run_that_is_over_left_behind_is_ended(database: Database) -> None:
    """Its process was stopped in the middle of a commit, and the orchestrator gave it up."""
    with other_process(database.urls.pipeline) as process:
        process.send_signal(signal.SIGSTOP)
        with hold_turn(database.urls.pipeline, "next", has_ended=ended, on_wait=nobody, wait=False) as turn:
            check(database, turn)
            process.send_signal(signal.SIGCONT)
            _, complaint = process.communicate("commit\n", timeout=20)
            assert process.returncode == 1
            assert "terminating connection" in complaint


def test_a_stopped_commit_without_its_lock_is_ended_once_its_run_is_over(database: Database) -> None:
    over = threading.Event()
    with other_process(database.urls.pipeline) as process:
        process.send_signal(signal.SIGSTOP)
        terminate(database, holder_pid(database))
        with hold_turn(
            database.urls.pipeline, "next", has_ended=lambda _: over.is_set(), on_wait=lambda _: over.set()
        ) as turn:
            check(database, turn)


def test_a_check_outside_of_a_transaction_is_a_mistake_that_is_named(database: Database) -> None:
    with (
        hold_turn(database.urls.pipeline, "run", has_ended=lives, on_wait=nobody) as turn,
        database.connect("pipeline") as connection,
        pytest.raises(RuntimeError, match="inside the transaction"),
    ):
        turn.check(connection)


def test_a_broken_lock_connection_does_not_fail_a_run_that_has_committed(database: Database) -> None:
    with hold_turn(database.urls.pipeline, "run", has_ended=lives, on_wait=nobody) as turn:
        check(database, turn)
        terminate(database, holder_pid(database))


def test_an_error_of_the_run_is_not_hidden_by_its_broken_lock(database: Database) -> None:
    def fail() -> None:
        with hold_turn(database.urls.pipeline, "run", has_ended=lives, on_wait=nobody):
            terminate(database, holder_pid(database))
            raise LookupError("the run's own error")

    with pytest.raises(LookupError, match="own error"):
        fail()
