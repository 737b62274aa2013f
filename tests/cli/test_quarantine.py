"""`analytics quarantine` on a real database."""

import io
import json
from datetime import UTC, date, datetime

import pytest

from analytics_pipeline.database.urls import DatabaseUrls
from tests.cli.conftest import Run
from tests.conftest import Database
from tests.ingest.batches import admit_events, wire
from tests.ingest.service import inbox
from tests.quarantine.conftest import put_into

RECEIVED = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def urls(database: Database, monkeypatch: pytest.MonkeyPatch) -> DatabaseUrls:
    """The database that the commands find by their settings."""
    for name, value in database.settings.as_environment().items():
        if name in {"ANALYTICS_HOME", "ANALYTICS_DATABASE_URL"}:
            monkeypatch.setenv(name, value)
    bad = [wire(RECEIVED, id=f"e{n}", lessonIdx=-1, userId="anna") for n in range(3)]
    put_into(database, admit_events(*bad, wire(datetime(2023, 6, 1, tzinfo=UTC), id="old"), now=RECEIVED))
    return database.urls


def test_the_list_tells_reasons_and_no_bodies_unless_asked(analytics: Run, urls: DatabaseUrls) -> None:
    code, output, _ = analytics("quarantine", "list", "--limit", "2")
    assert code == 0
    assert output.splitlines()[-1] == "Shown: 2 of 4 (3 invalid, 1 too_old)."
    assert "anna" not in output
    code, output, _ = analytics("quarantine", "list", "--reason", "invalid", "--bodies")
    lines = [json.loads(line) for line in output.splitlines()]
    assert {json.loads(line["body"])["id"] for line in lines} == {"e0", "e1", "e2"}
    assert {(line["day"], line["keyId"]) for line in lines} == {("2026-03-10", "wk_1")}
    assert urls


def test_replay_says_what_became_of_the_events(
    analytics: Run, urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANALYTICS_FIRST_DAY", str(date(2023, 1, 1)))
    code, output, errors = analytics("quarantine", "replay")
    assert (code, errors) == (0, "")
    assert output.splitlines() == [
        "Put into the inbox, for the next run to count: 1.",
        "Still rejected: 3 (3 invalid).",
    ]
    assert [line["event_id"] for line in inbox(urls)] == ["old"]


def test_drop_asks_and_drops_what_was_selected(
    analytics: Run, urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    code, output, _ = analytics("quarantine", "drop")
    assert code == 1
    assert "Delete for good what was rejected: 4 (3 invalid, 1 too_old)?" in output
    assert analytics("quarantine", "drop", "--reason", "too_old", "--yes")[1] == "Dropped: 1.\n"
    _, listed, _ = analytics("quarantine", "list")
    row_id = listed.splitlines()[1].split("\t")[0]
    assert analytics("quarantine", "drop", row_id, "--yes")[1] == "Dropped: 1.\n"
    assert analytics("quarantine", "drop", "--from", "2026-03-11")[1] == "Dropped: 0.\n"
    assert "Shown: 2 of 2 (2 invalid)." in analytics("quarantine", "list")[1]
    assert urls


@pytest.mark.parametrize("arguments", [["nonsense"], ["--from", "2026-02-02", "--to", "2026-02-01"]])
def test_what_selects_nothing_sensible_is_refused(analytics: Run, arguments: list[str]) -> None:
    code, _, errors = analytics("quarantine", "drop", *arguments)
    assert code == 1
    assert len(errors.splitlines()) == 1
