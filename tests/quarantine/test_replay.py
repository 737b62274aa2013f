"""What is replayed is judged as if it came in now, and counts once, whatever else happens to it."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics_pipeline.events import Reason
from analytics_pipeline.ingest.admission import Admission
from analytics_pipeline.ingest.calendar import Calendar
from analytics_pipeline.ingest.intake import Rules
from analytics_pipeline.ingest.pseudonym import pseudonymiser
from analytics_pipeline.lake.seal import seal_inbox
from analytics_pipeline.quarantine import replay as replaying
from analytics_pipeline.quarantine.replay import Replayed, replay
from analytics_pipeline.quarantine.rows import Selection, count
from tests.conftest import Database
from tests.ingest.batches import admit_events, stored, wire
from tests.ingest.service import inbox
from tests.lake.deliveries import clear, lake_rows
from tests.pipeline_runs import a_run
from tests.quarantine.conftest import Put

BEFORE = Rules(Calendar(ZoneInfo("UTC"), date(2026, 1, 1)))
NOW = Rules(Calendar(ZoneInfo("UTC"), date(2025, 1, 1)))
EARLY = datetime(2025, 6, 1, 12, tzinfo=UTC)


def early(**fields: Any) -> dict[str, Any]:
    """An event that is too old under the rules of before, and sound under those of now."""
    return wire(EARLY, **fields)


def replay_all(
    database: Database,
    rules: Rules = NOW,
    selection: Selection | None = None,
    report: Callable[[int], None] = lambda _: None,
) -> Replayed:
    with database.connect("pipeline") as pipeline, database.connect("ingest") as ingest:
        return replay(pipeline, ingest, rules, selection or Selection(), report)


def kept(database: Database) -> dict[str, int]:
    with database.connect("pipeline") as connection:
        return count(connection, Selection())


def sealed(database: Database, folder: Path, days: Sequence[date] | None = None) -> list[tuple[Any, ...]]:
    """Every event of the day files, after sealing all that waits."""
    with a_run(database, folder) as run:
        result = seal_inbox(run, lambda _: None)
        assert not result.failures
        return lake_rows(run, days or list(result.sealed))


def test_what_is_sound_by_now_moves_into_the_inbox_and_the_rest_stays(database: Database, put: Put) -> None:
    put(admit_events(early(id="sound"), early(id="bad", lessonIdx=-1), rules=BEFORE))
    done = replay_all(database)
    assert (done.accepted, done.rejected, done.left) == (1, {"invalid": 1}, 0)
    assert [line["event_id"] for line in inbox(database.urls)] == ["sound"]
    assert kept(database) == {"invalid": 1}
    assert replay_all(database).accepted == 0


def test_a_replayed_event_lands_on_its_own_day_with_the_clock_corrected_as_at_first(
    database: Database, put: Put
) -> None:
    reception = EARLY + timedelta(days=3)
    sent_at = reception + timedelta(hours=5)
    put(admit_events(early(), rules=BEFORE, now=reception, sentAt=sent_at.isoformat()))
    assert replay_all(database).accepted == 1
    [line] = inbox(database.urls)
    assert line["skew_us"] == -timedelta(hours=5) // timedelta(microseconds=1)
    with database.connect("pipeline") as connection:
        days = connection.execute("SELECT day FROM ingest.inbox").fetchall()
    assert days == [(date(2025, 6, 1),)]


@pytest.mark.parametrize("first", ["replayed", "sent again"])
def test_an_event_without_an_id_counts_once_when_it_is_replayed_and_sent_again(
    database: Database, put: Put, tmp_path: Path, first: str
) -> None:
    put(admit_events(early(id=...), rules=BEFORE, key_id="wk_7"))
    if first == "replayed":
        assert replay_all(database).accepted == 1
    put(admit_events(early(id=...), rules=NOW, key_id="wk_7"))
    if first == "sent again":
        assert replay_all(database).accepted == 1
    assert len(inbox(database.urls)) == 2
    assert len(sealed(database, tmp_path)) == 1


def test_conflicts_are_left_unless_they_are_named_and_come_back_while_their_id_is_taken(
    database: Database, put: Put, tmp_path: Path
) -> None:
    put(admit_events(early(id="taken"), rules=NOW))
    put(admit_events(early(id="taken", lessonIdx=9), rules=NOW))
    assert len(sealed(database, tmp_path)) == 1
    assert kept(database) == {"conflict": 1}
    left = replay_all(database)
    assert (left.accepted, left.left) == (0, 1)
    tried = replay_all(database, selection=Selection(reason=Reason.CONFLICT))
    assert (tried.accepted, tried.left) == (1, 0)
    assert kept(database) == {}
    assert len(sealed(database, tmp_path)) == 1
    assert kept(database) == {"conflict": 1}


def test_only_what_was_selected_is_replayed(database: Database, put: Put) -> None:
    for day, event_id in [(date(2026, 3, 10), "one"), (date(2026, 3, 11), "two")]:
        received = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        put(admit_events(early(id=event_id), rules=BEFORE, now=received))
    assert replay_all(database, selection=Selection(first=date(2026, 3, 11))).accepted == 1
    assert [line["event_id"] for line in inbox(database.urls)] == ["two"]
    with database.connect("pipeline") as connection:
        [(row_id,)] = connection.execute("SELECT id FROM ingest.quarantine").fetchall()
    assert replay_all(database, selection=Selection(ids=["000000"])).accepted == 0
    assert replay_all(database, selection=Selection(ids=[row_id[:8]])).accepted == 1


def test_what_was_taken_out_meanwhile_is_not_put_in(
    database: Database, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "AT_ONCE", 1)
    put(admit_events(*(early(id=f"e{n}") for n in range(3)), rules=BEFORE))

    def somebody_erases(_: int) -> None:
        with database.connect("pipeline") as connection:
            connection.execute("DELETE FROM ingest.quarantine")

    assert replay_all(database, report=somebody_erases).accepted == 1
    assert len(inbox(database.urls)) == 1


def test_stopped_between_its_two_commits_and_run_again_an_event_counts_once(
    database: Database, put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(admit_events(*(early(id=f"e{n}") for n in range(5)), rules=BEFORE))
    put_in = replaying._put_in

    def put_in_and_cut(*arguments: Any) -> None:
        put_in(*arguments)
        with database.connect("owner") as owner:
            owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'analytics_pipeline' AND datname = current_database()"
            )

    with monkeypatch.context() as patched:
        patched.setattr(replaying, "_put_in", put_in_and_cut)
        with pytest.raises(psycopg.OperationalError):
            replay_all(database)
    assert kept(database) == {"too_old": 5}
    assert replay_all(database).accepted == 5
    assert len(inbox(database.urls)) == 10
    assert len(sealed(database, tmp_path)) == 5
    assert kept(database) == {}


def test_a_body_that_is_a_batch_of_its_own_is_still_one_rejected_event(database: Database, put: Put) -> None:
    put(admit_events([early()], {"events": [early()]}, early(userId="\ud800"), rules=BEFORE))
    done = replay_all(database)
    assert (done.accepted, done.rejected.total()) == (0, 3)
    assert inbox(database.urls) == []


def test_a_learner_who_was_kept_in_clear_is_replayed_under_the_pseudonym(
    database: Database, put: Put
) -> None:
    put(admit_events(early(userId="anna"), rules=BEFORE))
    rules = Rules(NOW.calendar, pseudonym=pseudonymiser("a secret of a good length"))
    assert replay_all(database, rules).accepted == 1
    [line] = inbox(database.urls)
    assert line["learner_id"].startswith("p-")


fields = st.fixed_dictionaries(
    {"id": st.sampled_from(["a", "b", "c", "bad id"])},
    optional={
        "lessonIdx": st.integers(-1, 1),
        "metadata": st.sampled_from([{}, {"score": 1}, {"score": "x"}]),
        "eventType": st.sampled_from(["lesson_viewed", "quiz_passed", "nonsense"]),
        "createdAt": st.sampled_from(
            ["2025-06-01T10:00:00Z", "2026-02-01T10:00:00Z", "2020-01-01T00:00:00Z"]
        ),
    },
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(fields, min_size=1, max_size=8), st.integers(1, 3))
def test_after_a_replay_the_inbox_holds_what_it_would_have_held_under_the_rules_of_now(
    database: Database, put: Put, events: list[dict[str, Any]], times: int
) -> None:
    clear(database)
    batch = [early(**event) for event in events]
    _put_unique(put, admit_events(*batch, rules=BEFORE))
    for _ in range(times):
        replay_all(database)
    expected = {_told(line) for line in stored(admit_events(*batch, rules=NOW))}
    assert {_told(line) for line in inbox(database.urls)} == expected


def _put_unique(put: Put, admission: Admission) -> None:
    put(
        Admission(
            admission.accepted,
            admission.days,
            admission.rejections,
            list({row.id: row for row in admission.quarantine}.values()),
        )
    )


def _told(line: dict[str, Any]) -> str:
    """All of a stored event but the time of its reception."""
    return str({name: value for name, value in line.items() if name != "received_at"})
