"""After an erasure everything is as if the learner had never been there, wherever one looks."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from analytics_pipeline.erasure.erase import BACKUPS, erase_learner
from analytics_pipeline.erasure.receipt import Receipt
from analytics_pipeline.ingest.pseudonym import pseudonymiser
from analytics_pipeline.metrics.cohorts import publish_cohorts_as_of
from analytics_pipeline.retention.prune import prune
from analytics_pipeline.run import PipelineRun
from analytics_pipeline.settings import WrongSettingError
from tests.conftest import Server
from tests.course_life import FIRST
from tests.erasure.learner import LAST, LEARNER, STREAM, files_with, nights, put, rows, site, theirs
from tests.inbox import put_batch
from tests.metrics.nights import night, through

OF_THE_TEST = "SELECT body FROM ingest.quarantine WHERE reason LIKE 'invalid%' ORDER BY id"
QUARANTINE = """
    INSERT INTO ingest.quarantine (id, received_at, day, course_id, event_type, reason, body)
    VALUES (%s, now(), %s, 'c1', 'enroll', 'invalid: for a test', %s)
"""


def erase(run: PipelineRun, learner: str = LEARNER) -> Receipt:
    receipt = erase_learner(run, learner, lambda _: None)
    publish_cohorts_as_of(run, LAST)
    return receipt


def test_every_number_is_as_if_the_learner_had_never_been_there(
    server: Server, tmp_path: Path, without: dict[str, list[str]]
) -> None:
    with site(server, tmp_path) as (database, run):
        nights(database, run, STREAM)
        assert files_with(tmp_path, LEARNER)
        receipt = erase(run)
        assert rows(database) == without
        assert files_with(tmp_path, LEARNER) == []
        expected = [day for day, wire in STREAM.items() if theirs(wire)]
        assert (receipt.days, receipt.unreached) == (expected, [BACKUPS])
        assert receipt.events == sum(len(theirs(wire)) for wire in STREAM.values())
        assert receipt.finished_at is not None
        causes = run.connection.execute("SELECT DISTINCT cause FROM analytics.metric_revision").fetchall()
        assert causes == [("erasure",)]
        assert LEARNER not in " ".join(receipt.sentences())

        again = erase(run)
        assert (again.id, again.events, again.days) == (receipt.id, receipt.events, receipt.days)
        assert rows(database) == without


def test_what_waits_in_the_inbox_and_what_is_sent_again_stays_out(
    server: Server, tmp_path: Path, without: dict[str, list[str]]
) -> None:
    with site(server, tmp_path) as (database, run):
        for wire in STREAM.values():
            put(database, run, wire)
        receipt = erase(run)
        assert (receipt.events, receipt.kept_out) == (0, sum(len(theirs(w)) for w in STREAM.values()))
        assert run.connection.execute("SELECT count(*) FROM ingest.inbox").fetchone() == (0,)
        night(run, list(STREAM), LAST)
        assert rows(database) == without

        again = [event for wire in STREAM.values() for event in theirs(wire)]
        put(database, run, [*again, {**again[0], "id": "of-a-day-of-its-own"}])
        through(run, list(STREAM))
        assert rows(database) == without
        assert files_with(tmp_path, LEARNER) == []
        assert erase(run).kept_out == receipt.kept_out + len(again) + 1


def test_the_quarantine_is_searched_whatever_form_a_body_has(server: Server, tmp_path: Path) -> None:
    bodies = [
        b'{"id": "q1", "userId": "learner-3", "courseId": 7}',
        b'{"id": "q2", "\\u0075serId": "learn\\u0065r-3"}',
        b'["learner-3"]',
        b'{"userId": "learner-3", broken',
    ]
    others = [b'{"userId": "learner-33"}', b'{"userId": "somebody", "metadata": {"with": "learner-3"}}', b"{"]
    with site(server, tmp_path) as (database, run):
        with database.connect("ingest") as ingest:
            for number, body in enumerate([*bodies, *others]):
                ingest.execute(QUARANTINE, [f"row-{number}", FIRST, body])
        nights(database, run, STREAM)
        receipt = erase(run)
        left = run.connection.execute(OF_THE_TEST).fetchall()
        assert [bytes(body) for (body,) in left] == others
        assert receipt.quarantined == len(bodies)
        assert FIRST in receipt.days
        counted = run.connection.execute("SELECT sum(rejected) FROM analytics.event_day").fetchone()
        assert counted == (len(others),)


def test_with_pseudonyms_the_platforms_id_and_the_pseudonym_lead_to_the_same_learner(
    server: Server, tmp_path: Path
) -> None:
    key = "a key of some length"
    pseudonym = pseudonymiser(key)(LEARNER)
    hidden = {
        day: [{**event, "userId": pseudonym} if event["userId"] == LEARNER else event for event in wire]
        for day, wire in STREAM.items()
    }
    with site(server, tmp_path, pseudonym_key=SecretStr(key)) as (database, run):
        nights(database, run, hidden)
        receipt = erase(run)
        assert receipt.events == sum(len(theirs(wire)) for wire in STREAM.values())
        assert files_with(tmp_path, LEARNER, pseudonym) == []
        assert erase(run, pseudonym).id == receipt.id


def test_pruned_days_are_named_and_their_learner_days_forget_the_learner(
    server: Server, tmp_path: Path
) -> None:
    windows = {"funnel_window_days": 2, "refund_window_days": 2, "quiet_days": 1}
    with site(server, tmp_path, retention_days=2, **windows) as (database, run):
        nights(database, run, STREAM)
        prune(run, lambda _: None, datetime.combine(LAST + timedelta(days=1), datetime.min.time(), UTC))
        pruned = {day for day in STREAM if day < LAST - timedelta(days=1)}
        assert files_with(tmp_path, LEARNER)
        receipt = erase(run)
        assert files_with(tmp_path, LEARNER) == []
        kept = [event for day, wire in STREAM.items() if day not in pruned for event in theirs(wire)]
        assert receipt.events == len(kept)
        assert receipt.unreached[0].startswith(
            f"the published counts of the pruned days {FIRST} to {max(pruned)}"
        )


def test_a_day_that_cannot_be_sealed_leaves_the_erasure_unfinished_and_is_named(
    server: Server, tmp_path: Path, without: dict[str, list[str]]
) -> None:
    with site(server, tmp_path) as (database, run):
        nights(database, run, STREAM)
        with database.connect("ingest") as ingest:
            put_batch(ingest, LAST, datetime.now(UTC), 1, b"no")
        receipt = erase(run)
        assert receipt.finished_at is None
        assert "NOT finished" in receipt.sentences()[0]
        assert any(sentence.startswith(f"{LAST} was not sealed") for sentence in receipt.unreached)
        assert rows(database) == without
        with database.connect("owner") as owner:
            owner.execute("DELETE FROM ingest.inbox")
        assert erase(run).finished_at is not None


def test_without_the_key_of_the_tombstones_nothing_is_sealed(server: Server, tmp_path: Path) -> None:
    with site(server, tmp_path) as (database, run):
        nights(database, run, STREAM)
        erase(run)
        put(database, run, theirs(STREAM[FIRST]))
        (run.settings.home / "secrets" / "erasure_key").unlink()
        with pytest.raises(WrongSettingError, match="1 learners were erased under a key that is not"):
            through(run, [FIRST])
